"""A Pulumi language host for Python: runs the program, and policy packs, for the engine.

It implements the part of `pulumirpc.LanguageRuntime` that a Python program needs, in place of the official host. https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import platform
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent import futures
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pulumi
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from rehearsal.engine.plugin import start_server

_CHUNK = 4096
_THREADS_PER_OPERATION = 4  # as in the official host


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Serves one operation. The engine starts a host for each, so `Run` can run the program in this process."""

    def __init__(self, engine: str) -> None:
        self.engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002  named by the protocol
        """Negotiate nothing."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The version of the SDK with which this host runs programs."""
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """No packages: set-up installs the plugins, and each resource names its version."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """No dependencies: requirements.txt and constraints.txt list them."""
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ARG002
        """Install nothing: set-up installs what the program needs."""
        yield from ()

    def About(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The interpreter, for `pulumi about`."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def Run(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Run the program. An error in it is reported as one diagnostic, and the engine stops."""
        return language_pb2.RunResponse(bail=_run_program(request, self.engine))

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack (kind `analyzer`) and stream its output; the last message is its exit code."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"plugins of kind {request.kind} cannot run in this host")
        directory = request.info.program_directory
        environment = {**os.environ, **dict(entry.partition("=")[::2] for entry in request.env)}
        command = [sys.executable, "-u", "-m", "pulumi.policy", request.args[0], directory]
        with subprocess.Popen(  # noqa: S603  this interpreter, on the policy pack that the user named
            command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            context.add_callback(process.terminate)
            for chunk in iter(lambda: process.stdout.read1(_CHUNK), b""):  # ty: ignore[missing-attribute]
                yield language_pb2.RunPluginResponse(stdout=chunk)
            yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _run_program(request: Any, engine: str) -> bool:
    """Run the program of `request` for the engine at this address; True if it failed, which has been reported."""
    reset_options(
        project=request.project,
        stack=request.stack,
        organization=request.organization or "organization",
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        preview=request.dryRun,
        monitor_address=request.monitor_address,
        engine_address=engine,
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    # Outputs of a failed resource stay unresolved, but the engine has reported the failure.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    directory = Path(request.info.program_directory or request.pwd)
    os.chdir(request.pwd)
    sys.path.insert(0, str(directory))
    entry = directory / request.info.entry_point

    async def program() -> None:
        gc.disable()  # a program runs for seconds and keeps nearly all objects: collection costs time, frees little
        runpy.run_path(str(entry), run_name="__main__")
        # The SDK waits too and raises errors, but it checks every pending output whenever one resolves, which is slow.
        while pending := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(pending)

    async def supervise() -> None:
        threads = futures.ThreadPoolExecutor(max(request.parallel, 1) * _THREADS_PER_OPERATION)
        asyncio.get_running_loop().set_default_executor(threads)
        await run_in_stack(program)

    try:
        with asyncio.Runner() as runner:
            runner.run(supervise())
    except BaseException as error:  # a program can end in any way, and each is reported
        return _report(error, directory)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return False


def _report(error: BaseException, directory: Path) -> bool:
    """Report why the program ended, as Pulumi does; True if that is a failure."""
    if isinstance(error, SystemExit):
        if isinstance(error.code, str):
            pulumi.log.error(error.code)
        return error.code not in (None, 0)
    if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE:
        return True  # the engine is shutting down and has reported why
    if isinstance(error, pulumi.RunError):
        pulumi.log.error(str(error))
    else:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{user_traceback(error, directory)}")
    return True


def user_traceback(error: BaseException, directory: Path) -> str:
    """The traceback from the program's first line on, without the runtime's frames above it."""
    frames = traceback.extract_tb(error.__traceback__)
    installed, host = Path(sys.prefix), Path(__file__)

    def is_users_code(frame: traceback.FrameSummary) -> bool:
        path = Path(frame.filename)
        return path.is_relative_to(directory) and not path.is_relative_to(installed) and path != host

    first = next((number for number, frame in enumerate(frames) if is_users_code(frame)), 0)
    lines = traceback.format_list(frames[first:]) + traceback.format_exception_only(error)
    return "Traceback (most recent call last):\n" + "".join(lines).rstrip()


def serve(engine: str) -> None:
    """Serve the engine at this address until it interrupts this process or ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))  # the engine's way to end a host, which holds nothing
    host = LanguageHost(engine)
    server = start_server(
        lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server), workers=8
    )
    server.wait_for_termination()


if __name__ == "__main__":
    serve(engine=sys.argv[-1])
