"""Progress for a person: a bar with what is done, how fast, and how long it takes yet."""

from __future__ import annotations

from typing import Self

from rich import filesize, progress
from rich.console import Console


class Bars:
    """A bar a step, on the error output, so that the answer can be piped."""

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
        """A step begins; the one before has ended."""
        if self.task is not None:
            done = self.bars.tasks[-1].completed
            self.bars.update(self.task, total=done, note="")
        self.task = self.bars.add_task(step, total=total, rate="", note="", size="")
        self.bytes = 0

    def advance(self, count: int = 1, size: int = 0) -> None:
        """So many more are done."""
        if self.task is not None:
            speed = self.bars.tasks[-1].speed
            self.bytes += size
            rate = f"{speed:.0f}/s" if speed else ""
            self.bars.update(self.task, advance=count, rate=rate, size=filesize.decimal(self.bytes))

    def note(self, text: str) -> None:
        """What is waited for."""
        if self.task is not None:
            self.bars.update(self.task, note=text)
