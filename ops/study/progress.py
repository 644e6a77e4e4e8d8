"""Progress of `close`, `teardown` and `status`: a live line in a terminal, plain lines in a log."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from ops.study.engine import Event, Watcher, short_name


class Progress:
    """Shows the current step, and the number of resources that the engine has finished."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def __enter__(self) -> Self:
        self._status = self._console.status("…")
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def show(self, step: str) -> None:
        """Shows the step that begins."""
        if self._status and self._console.is_terminal:
            self._status.update(escape(step))
        else:
            self._console.print(step, markup=False)

    @contextmanager
    def count_resources(self, title: str) -> Generator[Watcher]:
        """A watcher of engine events that counts finished resources."""
        done = 0
        self.show(title)

        def count(event: Event) -> None:
            nonlocal done
            step = event.get("resOutputsEvent")
            if step and not step.get("planning"):
                done += 1
                if self._status:
                    self._status.update(f"{title}: {done} resources, {escape(short_name(step['metadata']['urn']))}")

        yield count
        self.show(f"{title}: {done} resources done")
