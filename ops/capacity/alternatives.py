"""The declared scaling beside what it is measured by, on the same loads: foresight, fixed peak, tracking alone."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from zoneinfo import ZoneInfo

from ops.capacity import clock
from ops.capacity.declared import Declared, Tier, Tracking
from ops.capacity.demand import Demand, Surprise, surprises, trace
from ops.capacity.money import Prices
from ops.capacity.outcome import Outcome
from ops.capacity.scaling import Scaler, scaler
from ops.capacity.simulation import Simulation

FORESIGHT_USE = 0.8
"""Share of their processor at which foresight lets tasks work: it may, as nothing surprises it."""
DECLARED, FORESIGHT, FIXED, TRACKING = "as declared", "perfect foresight", "fixed peak", "CPU tracking alone"
ALTERNATIVES = (DECLARED, FORESIGHT, FIXED, TRACKING)
CPU_TARGET = 55.0
BEGIN = datetime(2026, 12, 7)
"""A Monday, midnight where the schedule is."""
SERIAL_WEEKS = 4


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A stack, a load and a number of weeks: all that a run depends on, so that it can be repeated."""

    declared: Declared
    demand: Demand
    weeks: int
    seed: int = 1
    factor: float = 4.0
    prices: Prices = field(default_factory=Prices.current)

    @property
    def begin(self) -> datetime:
        """The first moment, in UTC."""
        zone = ZoneInfo(self.declared.schedule.time_zone)
        return BEGIN.replace(tzinfo=zone).astimezone(UTC)

    def loads(self) -> tuple[Sequence[float], list[Surprise]]:
        """Load of each minute, and the bursts that are in it."""
        generator = random.Random(self.seed)  # noqa: S311  noise, not a secret
        levels = clock.loads(self.declared.schedule, self.begin, self.weeks)
        bursts = surprises(levels, generator, factor=self.factor)
        return trace(levels, bursts, generator), bursts


def needed(tier: Tier, load: float, demand: Demand) -> int:
    """The fewest tasks that carry `load`; never below the tier's own minimum while there is any."""
    if load == 0:
        return 0
    busy = load * demand.rate * getattr(demand.cost, tier.name)
    return max(tier.minimum, math.ceil(busy / (FORESIGHT_USE * tier.vcpu)))


def run(scenario: Scenario, alternative: str) -> Outcome:
    """One alternative on the scenario's loads."""
    loads, bursts = scenario.loads()
    known = scenario.declared
    foreseen = alternative in {FORESIGHT, FIXED}
    counts = {name: _foreseen(tier, loads, scenario.demand) if foreseen else [0] for name, tier in known.tiers.items()}
    return Simulation(
        scalers={name: _scaler(tier, alternative, max(counts[name])) for name, tier in known.tiers.items()},
        database=known.database,
        demand=scenario.demand,
        loads=loads,
        bursts=bursts,
        begin=scenario.begin,
        scheduled=alternative == DECLARED,
        ahead=(lambda name, minute: counts[name][minute]) if alternative == FORESIGHT else None,
    ).run()


def _foreseen(tier: Tier, loads: Sequence[float], demand: Demand) -> list[int]:
    """Tasks of each minute, for the higher of the loads at its two ends."""
    before = [loads[0], *loads[:-1]]
    return [needed(tier, max(pair), demand) for pair in zip(before, loads, strict=True)]


def _scaler(tier: Tier, alternative: str, peak: int) -> Scaler:
    made = scaler(tier)
    if alternative == DECLARED:
        return made
    if alternative == TRACKING:
        policy = Tracking(name="cpu", metric="cpu", target=CPU_TARGET, out_cooldown=60, in_cooldown=300)
        return replace(made, tracking=(policy,), steps=())
    return replace(made, tracking=(), steps=(), desired=peak, minimum=peak, maximum=peak)  # foresight sets it anew


def run_all(scenario: Scenario) -> Mapping[str, Outcome]:
    """Every alternative, side by side on two processors where it takes long."""
    if scenario.weeks <= SERIAL_WEEKS:
        return {name: run(scenario, name) for name in ALTERNATIVES}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        pending = {name: pool.submit(run, scenario, name) for name in ALTERNATIVES}
        return {name: future.result() for name, future in pending.items()}
