"""The declared scaling and three alternatives on the same loads: perfect foresight, fixed peak, CPU tracking alone."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from zoneinfo import ZoneInfo

from ops.capacity.cost import Prices
from ops.capacity.demand.spikes import DemandSpike, add_noise_and_spikes, demand_spikes
from ops.capacity.demand.volume import Demand
from ops.capacity.scaling import clock
from ops.capacity.scaling.declared import DeclaredScaling, TargetTracking, Tier
from ops.capacity.scaling.scaler import Scaler, scaler
from ops.capacity.simulation.outcome import Outcome
from ops.capacity.simulation.simulator import Simulation

FORESIGHT_USE = 0.8
"""CPU use of tasks with perfect foresight, which needs no reserve for spikes."""
DECLARED, FORESIGHT, FIXED, TRACKING = "as declared", "perfect foresight", "fixed peak", "CPU tracking alone"
ALTERNATIVES = (DECLARED, FORESIGHT, FIXED, TRACKING)
CPU_TARGET = 55.0
BEGIN = datetime(2026, 12, 7)
"""Monday, midnight in the schedule's time zone."""
MAX_SERIAL_WEEKS = 4
"""Simulations of more weeks run in two processes."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A stack, a load and a number of weeks: everything that determines the outcome of a run."""

    declared: DeclaredScaling
    demand: Demand
    weeks: int
    seed: int = 1
    factor: float = 4.0
    prices: Prices = field(default_factory=Prices.current)

    @property
    def begin(self) -> datetime:
        """The first moment of the simulation in UTC."""
        zone = ZoneInfo(self.declared.schedule.time_zone)
        return BEGIN.replace(tzinfo=zone).astimezone(UTC)

    def loads(self) -> tuple[Sequence[float], list[DemandSpike]]:
        """Load of each minute, and the spikes in it."""
        generator = random.Random(self.seed)  # noqa: S311  noise, not a secret
        levels = clock.minute_loads(self.declared.schedule, self.begin, self.weeks)
        spikes = demand_spikes(levels, generator, factor=self.factor)
        return add_noise_and_spikes(levels, spikes, generator), spikes


def tasks_needed(tier: Tier, load: float, demand: Demand) -> int:
    """The fewest tasks that can serve `load`, and at least the tier's minimum; 0 without load."""
    if load == 0:
        return 0
    busy = load * demand.rate * getattr(demand.cost, tier.name)
    return max(tier.minimum, math.ceil(busy / (FORESIGHT_USE * tier.vcpu)))


def run(scenario: Scenario, alternative: str) -> Outcome:
    """The outcome of one alternative on the scenario's loads."""
    loads, spikes = scenario.loads()
    known = scenario.declared
    knows_loads = alternative in {FORESIGHT, FIXED}
    counts = {
        name: _foreseen_tasks(tier, loads, scenario.demand) if knows_loads else [0]
        for name, tier in known.tiers.items()
    }
    return Simulation(
        scalers={name: _scaler(tier, alternative, max(counts[name])) for name, tier in known.tiers.items()},
        database=known.database,
        demand=scenario.demand,
        loads=loads,
        spikes=spikes,
        begin=scenario.begin,
        scheduled=alternative == DECLARED,
        foresight=(lambda name, minute: counts[name][minute]) if alternative == FORESIGHT else None,
    ).run()


def _foreseen_tasks(tier: Tier, loads: Sequence[float], demand: Demand) -> list[int]:
    """Tasks needed in each minute, for the higher of the loads at its two ends."""
    before = [loads[0], *loads[:-1]]
    return [tasks_needed(tier, max(pair), demand) for pair in zip(before, loads, strict=True)]


def _scaler(tier: Tier, alternative: str, peak: int) -> Scaler:
    declared = scaler(tier)
    if alternative == DECLARED:
        return declared
    if alternative == TRACKING:
        policy = TargetTracking(name="cpu", metric="cpu", target=CPU_TARGET, out_cooldown=60, in_cooldown=300)
        return replace(declared, tracking=(policy,), steps=())
    # Perfect foresight then sets the number of tasks in every minute.
    return replace(declared, tracking=(), steps=(), desired=peak, minimum=peak, maximum=peak)


def run_all(scenario: Scenario, count: Callable[[], None]) -> Mapping[str, Outcome]:
    """The outcome of every alternative; calls `count` after each."""
    outcomes = {}
    if scenario.weeks <= MAX_SERIAL_WEEKS:
        for name in ALTERNATIVES:
            outcomes[name] = run(scenario, name)
            count()
        return outcomes
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        names = {pool.submit(run, scenario, name): name for name in ALTERNATIVES}
        for future in as_completed(names):
            outcomes[names[future]] = future.result()
            count()
    return {name: outcomes[name] for name in ALTERNATIVES}
