"""What a long command shows: a live line in a terminal, plain lines in a log."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from ops.study.engine import Event, Watcher, short


class Progress:
    """Says what is being done, and counts the resources that the engine has worked on."""

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

    def say(self, what: str) -> None:
        """A step begins."""
        if self._status and self._console.is_terminal:
            self._status.update(escape(what))
        else:
            self._console.print(what, markup=False)

    @contextmanager
    def counting(self, title: str) -> Generator[Watcher]:
        """A watcher of engine events that counts what is done."""
        done = 0
        self.say(title)

        def count(event: Event) -> None:
            nonlocal done
            step = event.get("resOutputsEvent")
            if step and not step.get("planning"):
                done += 1
                if self._status:
                    self._status.update(f"{title}: {done} resources, {escape(short(step['metadata']['urn']))}")

        yield count
        self.say(f"{title}: {done} resources done")
