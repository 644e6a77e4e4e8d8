"""What load 1 is in requests a second, and how it goes through the weeks."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ops.capacity.errors import CapacityError
from ops.capacity.service import Cost, ServiceTimes

MONTH_HOURS = 730
WEEK_HOURS = 168
LOAD_HOURS = 55 * 1 + 5 * 4 + 108 * 0.5
"""Of a week: Standard, Burst, Quiet of the proposal, the unit that every schedule's load is in."""
NOISE = 0.15
"""Standard deviation of a minute's load around its period's, in logarithms."""
NOISE_MINUTES = 10
"""Minutes after which the noise has forgotten a third of itself."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """What a month brings. The proposal's tables imply 212.55 GB a month; 0.5 MB is a mean slice of CT or MR.

    `reads` and `searches` are requests per stored image: the proposal lets each GB leave once, and a study of images is
    looked up before it is read. `multiple` is how far the sizing load stands above the mean of the month: images do
    not come evenly but study by study, as fast as a center's line brings them. At 60 the schedule's load 4 is 50
    images a second, a sixth of what one VPN tunnel carries.
    """

    gb_a_month: float = 212.55
    image_mb: float = 0.5
    reads: float = 1.0
    searches: float = 0.25
    multiple: float = 60.0

    def __post_init__(self) -> None:
        for name in ("gb_a_month", "image_mb", "multiple"):
            if not _positive(getattr(self, name)):
                raise CapacityError(f"{name} is {getattr(self, name):g}; it is a number above 0")
        for name in ("reads", "searches"):
            if not 0 <= getattr(self, name) < math.inf:
                raise CapacityError(f"{name} is {getattr(self, name):g}; it is 0 or more")


def _positive(value: float) -> bool:
    return 0 < value < math.inf


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Load 1: requests a second by kind, and the mean cost of one of them. `derivation` says where it comes from."""

    rates: Mapping[str, float]
    cost: Cost
    megabytes: float
    derivation: str

    @cached_property
    def rate(self) -> float:
        """Requests a second of load 1."""
        return sum(self.rates.values())


def demand(volume: Volume, service: ServiceTimes) -> Demand:
    """Load 1 so that a month of the proposal's weeks brings `volume`, times its multiple."""
    images = volume.gb_a_month * 1000 / volume.image_mb
    hours = LOAD_HOURS * MONTH_HOURS / WEEK_HOURS
    mean = images / hours / 3600
    stored = mean * volume.multiple
    rates = {"stow": stored, "wado": stored * volume.reads, "qido": stored * volume.searches}
    total = sum(rates.values())
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


@dataclass(frozen=True, kw_only=True)
class Surprise:
    """A burst that no schedule knows: `factor` times the load of its hour from `minute` for `minutes`."""

    minute: int
    minutes: int = 30
    factor: float = 4.0


def surprises(loads: Sequence[float], generator: random.Random, *, factor: float = 4.0) -> list[Surprise]:
    """One burst a week of `loads` (a load per minute), by turns in an hour of load 1 and in any other ordinary hour.

    An hour is ordinary if its load is above 0 and the burst and the hour after it meet no other period.
    """
    week = WEEK_HOURS * 60
    found = []
    for number, start in enumerate(range(0, len(loads) - week + 1, week)):
        # A change of load within the stretch, or a load above 1, would be the schedule's burst and not a surprise.
        starts = [at for at in range(start, start + week - 120, 5) if 0 < loads[at] <= 1 and _level(loads, at)]
        busy = [at for at in starts if loads[at] == 1]
        if starts:
            found.append(Surprise(minute=generator.choice(busy if busy and number % 2 == 0 else starts), factor=factor))
    return found


def _level(loads: Sequence[float], at: int) -> bool:
    return all(load == loads[at] for load in loads[at : at + 120 : 5])


def trace(loads: Sequence[float], bursts: Sequence[Surprise], generator: random.Random) -> array[float]:
    """Load at the end of each minute: the period's, the bursts', and noise that a simulation can be repeated with."""
    keep = math.exp(-1 / NOISE_MINUTES)
    shock = NOISE * math.sqrt(1 - keep * keep)
    state = 0.0
    result = array("d", bytes(8 * len(loads)))
    for minute, load in enumerate(loads):
        state = keep * state + generator.gauss(0, shock)
        result[minute] = load * math.exp(state - NOISE * NOISE / 2)
    for burst in bursts:
        for minute in range(burst.minute, min(burst.minute + burst.minutes, len(result))):
            result[minute] *= burst.factor
    return result
