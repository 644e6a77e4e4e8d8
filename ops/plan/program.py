"""Runs the program on mocks and returns the plan: every resource that a stack declares, without any cloud.

Cost, controls, reviews and tests all read plans. A program runs as it does under the language host, but in its own
context, event loop and environment. It has finished when its plan is returned, so an apply that fails raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import os
import runpy
import sys
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

from pulumi.runtime import set_all_config
from pulumi.runtime import settings as runtime
from pulumi.runtime.stack import run_in_stack

from ops.plan.configuration import configuration, encode_configuration, project_name
from ops.plan.recorder import Recorder
from ops.plan.resources import Plan
from ops.stacks import PROJECT

PROGRAM = PROJECT / "__main__.py"


class RecorderMaker(Protocol):
    """Makes the monitor of a run."""

    def __call__(self, stack: str, project: str, /, *, preview: bool) -> Recorder:
        """A fresh recorder."""


def plan(
    stack: str,
    *,
    preview: bool = False,
    overrides: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    program: Path = PROGRAM,
    recorder: RecorderMaker = Recorder,
) -> Plan:
    """What `program` declares for `stack`. `overrides` patch settings by group (RFC 7386: None removes a key);
    `folder` has the stack files, if it is not the project's.

    Raises SettingsError for settings that break a rule, and otherwise what `record` raises.
    """
    return record(
        lambda: runpy.run_path(str(program), run_name="__main__"),
        values=configuration(stack, overrides, folder=folder),
        project=project_name(folder),
        name=stack,
        preview=preview,
        recorder=recorder,
    )


def record(
    program: Callable[[], object],
    *,
    values: Mapping[str, Any] | None = None,
    project: str = "image-store",
    name: str = "test",
    preview: bool = False,
    recorder: RecorderMaker = Recorder,
) -> Plan:
    """Runs `program` to its end as stack `name` with the configuration `values`, and returns what it registered.

    `preview` leaves outputs unknown, as the engine does before the first update. Raises whatever the program raises,
    at once or in an apply, and PlanError where it does what the engine would refuse or what asks AWS.
    """
    monitor = recorder(name, project, preview=preview)

    async def run() -> None:
        runtime.configure(
            runtime.Settings(
                project=project,
                stack=name,
                monitor=monitor,
                engine=monitor.log,
                dry_run=preview,
                organization="organization",
                root_directory=str(PROJECT),
            )
        )
        set_all_config(*encode_configuration(values or {}))
        await run_in_stack(lambda: _run_to_end(program))

    with _isolated_environment(), _garbage_collection_off(), asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_default_executor(_Inline())
        # The first failure is raised; the failures that follow from it are not reported.
        loop.set_exception_handler(lambda *_: None)
        runner.run(run(), context=contextvars.copy_context())
    return monitor.plan()


async def _run_to_end(program: Callable[[], object]) -> None:
    """Runs the program and waits for its pending tasks. The SDK then waits as well, and raises what failed; without
    this it would check every pending output again whenever one resolves, which doubles the time.
    """
    program()
    while pending := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(pending)


@contextlib.contextmanager
def _isolated_environment() -> Generator[None]:
    """Hides the caller's AWS and Pulumi variables from the program, and makes an Output in a text an error."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))}
    path = [str(PROJECT), *sys.path]
    with (
        mock.patch.dict(os.environ, inherited | {"PULUMI_ERROR_OUTPUT_STRING": "1"}, clear=True),
        mock.patch.object(sys, "path", path),
        contextlib.chdir(PROJECT),
    ):
        yield


@contextlib.contextmanager
def _garbage_collection_off() -> Generator[None]:
    """Switches garbage collection off, which saves a fifth of the time: a plan keeps nearly all of its objects."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Inline(ThreadPoolExecutor):
    """Runs calls at once in the calling thread, so that the order of registrations is always the same."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
