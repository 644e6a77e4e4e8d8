"""Progress of an archive command: none, or bars with count, size, rate and remaining time."""

from __future__ import annotations

from typing import Protocol, Self

from rich import filesize, progress
from rich.console import Console


class Progress(Protocol):
    """Receives the progress of a command."""

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins, of `total` units if that is known."""

    def advance(self, count: int = 1, size: int = 0) -> None:
        """`count` more units, of `size` bytes together, are done."""

    def note(self, text: str) -> None:
        """What the command waits for."""


class NoProgress:
    """Shows nothing."""

    def start(self, step: str, total: int | None = None) -> None:
        """Does nothing."""

    def advance(self, count: int = 1, size: int = 0) -> None:
        """Does nothing."""

    def note(self, text: str) -> None:
        """Does nothing."""


class ProgressBars:
    """One bar for each step, on standard error, so that the result can be piped."""

    def __init__(self) -> None:
        self.bars = progress.Progress(
            progress.TextColumn("{task.description:<10}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[size]}"),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
        )
        self.task: progress.TaskID | None = None
        self.bytes = 0

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def start(self, step: str, total: int | None = None) -> None:
        """Ends the present bar and adds one for `step`."""
        if self.task is not None:
            done = self.bars.tasks[-1].completed
            self.bars.update(self.task, total=done, note="")
        self.task = self.bars.add_task(step, total=total, rate="", note="", size="")
        self.bytes = 0

    def advance(self, count: int = 1, size: int = 0) -> None:
        """Advances the present bar."""
        if self.task is not None:
            speed = self.bars.tasks[-1].speed
            self.bytes += size
            rate = f"{speed:.0f}/s" if speed else ""
            self.bars.update(self.task, advance=count, rate=rate, size=filesize.decimal(self.bytes))

    def note(self, text: str) -> None:
        """Shows `text` behind the present bar."""
        if self.task is not None:
            self.bars.update(self.task, note=text)
