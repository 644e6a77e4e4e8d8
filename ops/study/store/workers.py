"""Bounded worker threads with a limited rate of requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


class RateLimiter:
    """A token bucket for all threads: at most `rate` calls a second, with one second's tokens in reserve."""

    def __init__(self, rate: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.clock = rate, clock
        self.tokens, self.filled = rate or 0.0, clock()
        self.mutex = threading.Lock()

    def reserve(self) -> float:
        """Takes a token; the seconds to wait before the call."""
        if not self.rate:
            return 0.0
        with self.mutex:
            now = self.clock()
            self.tokens = min(self.rate, self.tokens + (now - self.filled) * self.rate) - 1
            self.filled = now
            return max(0.0, -self.tokens / self.rate)


class Workers:
    """A thread pool that processes one batch at a time, in order. The first error ends the batch."""

    def __init__(self, workers: int, rate: float | None, pause: Callable[[float], None]) -> None:
        self.pool = ThreadPoolExecutor(workers)
        self.limiter, self.pause = RateLimiter(rate), pause

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def map(self, do: Callable[[Work], Result], batch: Iterable[Work]) -> Iterator[Result]:
        """Results of `do`, in the order of the batch."""

        def run_at_rate(item: Work) -> Result:
            seconds = self.limiter.reserve()
            if seconds:
                self.pause(seconds)
            return do(item)

        return self.pool.map(run_at_rate, batch)
