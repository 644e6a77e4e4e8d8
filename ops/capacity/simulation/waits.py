"""Waiting times of requests: formulas for steady minutes, and a histogram for a whole year."""

from __future__ import annotations

import math
from array import array
from functools import lru_cache
from itertools import pairwise

BINS_A_DECADE = 40
MIN_WAIT = 1e-4
BINS = 8 * BINS_A_DECADE
QUANTILES = 30
"""Number of points that represent an exponential distribution."""


def bin_index(wait: float) -> int:
    """The bin of a wait; bin 0 holds waits up to `MIN_WAIT`."""
    if wait <= MIN_WAIT:
        return 0
    return min(int(BINS_A_DECADE * math.log10(wait / MIN_WAIT)) + 1, BINS)


class Histogram:
    """Waits in seconds, weighted by requests, in bins 6 % wide from 0.1 ms to 10,000 s; shorter waits count as 0."""

    def __init__(self) -> None:
        self.fixed = array("d", bytes(8 * (BINS + 1)))
        self.spread = array("d", bytes(8 * (BINS + 1)))

    def add(self, wait: float, requests: float) -> None:
        """Adds `requests` that waited `wait`."""
        self.fixed[bin_index(wait)] += requests

    def add_spread(self, delay: float, mean: float, requests: float) -> None:
        """Adds `requests` whose waits are `delay` plus an exponential part with the mean `mean`."""
        if delay <= MIN_WAIT:
            self.spread[bin_index(mean)] += requests
        else:
            for point, share in exponential_points():
                self.fixed[bin_index(delay + point * mean)] += requests * share

    @property
    def bins(self) -> array[float]:
        """Number of requests in each bin."""
        result = array("d", self.fixed)
        result[0] += self.spread[0]
        for number, requests in enumerate(self.spread):
            if number and requests:
                for point, share in exponential_points():
                    result[bin_index(bin_upper_bound(number) * point)] += requests * share
        return result

    @property
    def requests(self) -> float:
        """Number of all requests."""
        return sum(self.fixed) + sum(self.spread)

    def quantile(self, share: float) -> float:
        """The wait that `share` of the requests do not exceed, at the upper bound of its bin; 0 without requests."""
        remaining = share * self.requests
        for number, requests in enumerate(self.bins):
            remaining -= requests
            if remaining <= 0 < requests:
                return bin_upper_bound(number)
        return 0.0


def bin_upper_bound(number: int) -> float:
    """The longest wait in a bin."""
    return MIN_WAIT * 10 ** (number / BINS_A_DECADE) if number else 0.0


@lru_cache(maxsize=100_000)
def erlang_c(servers: int, percent: int) -> float:
    """Share of requests that wait in an M/M/c queue whose servers are busy `percent` of the time."""
    if percent >= 100:  # noqa: PLR2004
        return 1.0
    offered = servers * percent / 100
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - percent / 100 * (1 - blocked))


@lru_cache(maxsize=1)
def exponential_points() -> tuple[tuple[float, float], ...]:
    """An exponential distribution of mean 1 as points with shares, finer towards the tail; mean and mass are exact."""
    edges = [1 - 0.7**number for number in range(QUANTILES)] + [1.0]
    points = []
    for low, high in pairwise(edges):
        share = high - low
        # Mean of the distribution between two quantiles: the integral of -ln(1 - u).
        upper = (1 - high) * math.log(1 - high) if high < 1 else 0.0
        lower = (1 - low) * math.log(1 - low)
        points.append(((share + upper - lower) / share, share))
    return tuple(points)


def mean_queue_wait(stations: list[tuple[int, float, float]]) -> tuple[float, float]:
    """Share of requests that wait at any station (servers, busy share, mean service time), and their mean wait.

    Each station is an M/M/c queue; the sum of their waits is taken as exponential with its exact mean.
    https://en.wikipedia.org/wiki/M/M/c_queue
    """
    none, total = 1.0, 0.0
    for servers, busy, service in stations:
        percent = min(int(busy * 100 + 0.5), 99)
        waits = erlang_c(servers, percent)
        none *= 1 - waits
        total += waits * service / (servers * (1 - percent / 100))
    some = 1 - none
    return some, total / some if some > 0 else 0.0
