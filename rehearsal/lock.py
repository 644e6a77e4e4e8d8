"""Keeps two processes from working in one folder at once. Standard library only, because set-up uses it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


class LockedError(RuntimeError):
    """Another process holds the lock; the message names it."""


@contextmanager
def exclusive(path: Path, activity: str, *, on_wait: Callable[[str], None] | None = None) -> Generator[None]:
    """Hold the lock file `path` for the block. The system releases it when the process ends, however it ends.

    If another process holds it: call `on_wait` with a message and wait, or raise LockedError without `on_wait`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{activity} is already running in this checkout: {_holder(file)}."
            if on_wait is None:
                raise LockedError(f"{message} Wait until it has ended.") from None
            on_wait(f"{message} Waiting until it has ended.")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}, started at {time.strftime('%H:%M:%S')}")
        file.flush()
        yield


def _holder(file: TextIO) -> str:
    """What the holder wrote into the file."""
    file.seek(0)
    return file.read().strip() or "an unknown process"
