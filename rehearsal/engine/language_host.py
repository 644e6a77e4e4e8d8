"""A Pulumi language host for Python: runs the program, and policy packs, for the engine.

It implements the part of `pulumirpc.LanguageRuntime` that a Python program needs. The official host does the same job
where the official bundle is installed. https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto
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

from rehearsal.engine.parent import end_with_parent

_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit
_CHUNK = 4096
_THREADS_PER_OPERATION = 4  # as the official host has it


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Serves one operation of the engine, which starts a host of its own for each: `Run` may run in this process."""

    def __init__(self, engine: str) -> None:
        self.engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002  named by the protocol
        """Nothing is negotiated."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The version of the SDK this host runs programs with."""
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """None to look for: set-up installs the plugins, and each resource names the version it wants."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """None are reported; requirements.txt and constraints.txt list them."""
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ARG002
        """Nothing to do: set-up installs what the program needs."""
        yield from ()

    def About(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The interpreter, for `pulumi about`."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def Run(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Run the program. What goes wrong in it is shown as a diagnostic, once, and the engine is told to stop."""
        return language_pb2.RunResponse(bail=_run_program(request, self.engine))

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack (kind `analyzer`) and stream its output; the last message is its exit code."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"plugins of kind {request.kind} are not run by this host")
        directory = request.info.program_directory
        environment = {**os.environ, **dict(entry.partition("=")[::2] for entry in request.env)}
        command = [sys.executable, "-u", "-m", "pulumi.policy", request.args[0], directory]
        with subprocess.Popen(  # noqa: S603  our own interpreter, on the pack that the user named
            command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            context.add_callback(process.terminate)
            for chunk in iter(lambda: process.stdout.read1(_CHUNK), b""):  # ty: ignore[missing-attribute]
                yield language_pb2.RunPluginResponse(stdout=chunk)
            yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _run_program(request: Any, engine: str) -> bool:
    """Run the program that `request` names for the engine at that address; True if it failed, and the user was told."""
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
    # Outputs that a failed resource leaves unresolved are no news: the engine has reported the failure.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    directory = Path(request.info.program_directory or request.pwd)
    os.chdir(request.pwd)
    sys.path.insert(0, str(directory))
    entry = directory / request.info.entry_point

    async def program() -> None:
        gc.disable()  # a program lives for seconds and keeps nearly all it makes: collecting costs, and frees nothing
        runpy.run_path(str(entry), run_name="__main__")
        # The SDK waits too, and raises what failed; but it looks at every pending output whenever one resolves.
        while pending := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(pending)

    async def supervise() -> None:
        threads = futures.ThreadPoolExecutor(max(request.parallel, 1) * _THREADS_PER_OPERATION)
        asyncio.get_running_loop().set_default_executor(threads)
        await run_in_stack(program)

    try:
        with asyncio.Runner() as runner:
            runner.run(supervise())
    except BaseException as error:  # a program may end in any way; all of them are reported
        return _report(error, directory)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return False


def _report(error: BaseException, directory: Path) -> bool:
    """Show what ended the program as Pulumi shows it; True if it counts as a failure."""
    if isinstance(error, SystemExit):
        if isinstance(error.code, str):
            pulumi.log.error(error.code)
        return error.code not in (None, 0)
    if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE:
        return True  # the engine is shutting down and has said why
    if isinstance(error, pulumi.RunError):
        pulumi.log.error(str(error))
    else:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{user_traceback(error, directory)}")
    return True


def user_traceback(error: BaseException, directory: Path) -> str:
    """The traceback from the program's first own line on, without the runtime's frames above it."""
    frames = traceback.extract_tb(error.__traceback__)
    installed, host = Path(sys.prefix), Path(__file__)

    def written_by_user(frame: traceback.FrameSummary) -> bool:
        path = Path(frame.filename)
        return path.is_relative_to(directory) and not path.is_relative_to(installed) and path != host

    first = next((number for number, frame in enumerate(frames) if written_by_user(frame)), 0)
    lines = traceback.format_list(frames[first:]) + traceback.format_exception_only(error)
    return "Traceback (most recent call last):\n" + "".join(lines).rstrip()


def serve(engine: str) -> None:
    """Serve `engine` until it interrupts this process or is gone; the port is the one line on standard output."""
    end_with_parent()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: os._exit(0))  # how the engine says that it is done; nothing is held here
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=options)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(engine=sys.argv[-1])
