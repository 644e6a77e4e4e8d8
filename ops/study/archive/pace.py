"""How fast, how parallel, and how far: a token bucket, bounded threads, and progress that a caller may show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


class Progress(Protocol):
    """What a step tells while it works."""

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins; `total` units, if that is known."""

    def advance(self, count: int = 1, size: int = 0) -> None:
        """So many more units, of so many bytes, are done."""

    def note(self, text: str) -> None:
        """Something a person wants to know."""


class Silent:
    """Progress for nobody."""

    def start(self, step: str, total: int | None = None) -> None:
        """Says nothing."""

    def advance(self, count: int = 1, size: int = 0) -> None:
        """Says nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""


class Bucket:
    """Lets at most `rate` calls a second through, across threads, and saves up one second's worth."""

    def __init__(self, rate: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.clock = rate, clock
        self.tokens, self.filled = rate or 0.0, clock()
        self.mutex = threading.Lock()

    def wait(self) -> float:
        """Takes a token; how long one has to sleep for it, in seconds."""
        if not self.rate:
            return 0.0
        with self.mutex:
            now = self.clock()
            self.tokens = min(self.rate, self.tokens + (now - self.filled) * self.rate) - 1
            self.filled = now
            return max(0.0, -self.tokens / self.rate)


class Workers:
    """A bounded pool. It does a batch at a time, in order; the first error ends the batch."""

    def __init__(self, workers: int, rate: float | None, pause: Callable[[float], None]) -> None:
        self.pool = ThreadPoolExecutor(workers)
        self.bucket, self.pause = Bucket(rate), pause

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: Any) -> None:
        self.pool.shutdown(cancel_futures=True)

    def each(self, do: Callable[[Work], Result], batch: Iterable[Work]) -> Iterator[Result]:
        """What `do` makes of each, in the order of the batch."""

        def paced(item: Work) -> Result:
            seconds = self.bucket.wait()
            if seconds:
                self.pause(seconds)
            return do(item)

        return self.pool.map(paced, batch)
