"""Load 1 in requests a second, derived from a month's volume and the service times of requests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ops.capacity.demand.service_times import Cost, ServiceTimes
from ops.capacity.errors import CapacityError

MONTH_HOURS = 730
WEEK_HOURS = 168
LOAD_HOURS = 55 * 1 + 5 * 4 + 108 * 0.5
"""Load-hours of the proposal's week (standard, burst, quiet), the unit of every schedule's load."""
MAX_RATE = 200_000
"""Requests a second at load 1 above which a simulation would take too long."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """The volume of a month. The proposal's tables imply 212.55 GB; 0.5 MB is the mean size of a CT or MR slice.

    `reads` and `searches` are requests per stored image: in the proposal each GB is read once, and studies are searched
    before they are read. `multiple` is the ratio of the sizing load to the month's mean: images do not arrive evenly
    but study by study, at the speed of a center's line. At 60, the schedule's load 4 is 50 images a second, a sixth of
    the bandwidth of one VPN tunnel.
    """

    gb_a_month: float = 212.55
    image_mb: float = 0.5
    reads: float = 1.0
    searches: float = 0.25
    multiple: float = 60.0

    def __post_init__(self) -> None:
        for name in ("gb_a_month", "image_mb", "multiple"):
            if not _is_positive(getattr(self, name)):
                raise CapacityError(f"{name} is {getattr(self, name):g}; it must be a number above 0")
        for name in ("reads", "searches"):
            if not 0 <= getattr(self, name) < math.inf:
                raise CapacityError(f"{name} is {getattr(self, name):g}; it must be 0 or more")


def _is_positive(value: float) -> bool:
    return 0 < value < math.inf


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Load 1: requests a second by kind, and their mean processor time. `derivation` explains the calculation."""

    rates: Mapping[str, float]
    cost: Cost
    megabytes: float
    derivation: str

    @cached_property
    def rate(self) -> float:
        """Requests a second of load 1."""
        return sum(self.rates.values())


def demand(volume: Volume, service: ServiceTimes) -> Demand:
    """Load 1 such that a month of the proposal's weeks brings `volume`, times its multiple.

    Raises CapacityError for more than `MAX_RATE` requests a second.
    """
    images = volume.gb_a_month * 1000 / volume.image_mb
    hours = LOAD_HOURS * MONTH_HOURS / WEEK_HOURS
    mean = images / hours / 3600
    stored = mean * volume.multiple
    rates = {"stow": stored, "wado": stored * volume.reads, "qido": stored * volume.searches}
    total = sum(rates.values())
    if total > MAX_RATE:
        raise CapacityError(
            f"the volume gives {total:,.0f} requests a second at load 1, and at most {MAX_RATE:,} are supported: lower "
            "--gb-a-month, --reads, --searches or --multiple, or raise --image-mb"
        )
    parts = {
        place: sum(rate * getattr(service.kinds[kind], place) for kind, rate in rates.items()) / total
        for place in ("web", "app", "database")
    }
    derivation = (
        f"{volume.gb_a_month:g} GB a month / {volume.image_mb:g} MB = {images:,.0f} images, "
        f"/ {hours:.1f} load-hours a month = {mean:.4f} images/s at load 1; "
        f"x {volume.multiple:g} (study by study, not evenly) = {stored:.2f}; "
        f"x (1 store + {volume.reads:g} reads + {volume.searches:g} searches) = {total:.1f} requests/s"
    )
    return Demand(rates=rates, cost=Cost(**parts), megabytes=stored * volume.image_mb, derivation=derivation)
