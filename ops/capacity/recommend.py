"""Recommended scaling settings: a small grid of choices, simulated to find the cheapest that serves the load.

Each tier is swept alone, because its policies never read the other tier's metrics. A choice holds if it refuses no
request in the scheduled weeks, keeps the p99 wait of spikes within 2 s after their third minute, and uses at most 1.25
times the task-hours of perfect foresight. The best choices are those that refuse least in spikes and then cost least;
costs within 1 % are a tie, and a tie keeps the declared settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product

from rich.table import Table

from ops.capacity.alternatives import DECLARED, FORESIGHT, Scenario, run
from ops.capacity.cost import dollars
from ops.capacity.errors import CapacityError
from ops.capacity.scaling.declared import ScheduledAction, Tier
from ops.capacity.simulation.outcome import SCHEDULED, SPIKE, SPIKE_LATER, Outcome

WAIT_SECONDS = 2.0
FORESIGHT_SHARE = 1.25
COST_TIE = 0.01
REFUSED_TIE = 1e-4
"""A smaller difference between shares of refused requests is noise."""
TASKS_PER_LOAD = (1, 2, 3)
TARGETS: Mapping[str, tuple[float, ...]] = {"web": (6000, 8000, 10000), "app": (45, 55, 65)}
SURGES: Mapping[str, tuple[float, ...]] = {"web": (9000, 12000), "app": (75, 85)}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The settings of a tier that a sweep varies."""

    tasks_per_load: int
    target: float
    surge: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a choice. `monthly`: USD of the tier; `refused`: share of the requests in spikes."""

    choice: Choice
    monthly: float
    refused: float
    wait: float
    share: float
    holds: bool


def current_choice(tier: Tier, loads: Mapping[str, float]) -> Choice:
    """The declared choice of a tier, with the fewest tasks per load that give its scheduled minimum."""
    peak = max(loads.values())
    floor = max(action.minimum for action in tier.actions)
    per_load = next((number for number in range(1, floor + 1) if -(-peak * number // 1) >= floor), 1)
    return Choice(tasks_per_load=per_load, target=tier.tracking[0].target, surge=tier.steps[0].threshold)


def with_choice(tier: Tier, choice: Choice, floor_loads: Mapping[str, float]) -> Tier:
    """The tier with another choice. `floor_loads`: load of the period that each scheduled action begins."""

    def action(found: ScheduledAction) -> ScheduledAction:
        load = floor_loads[found.name]
        floor = max(tier.minimum, -int(-load * choice.tasks_per_load // 1)) if load else 0
        return replace(found, minimum=min(floor, found.maximum))

    return replace(
        tier,
        tracking=tuple(replace(policy, target=choice.target) for policy in tier.tracking),
        steps=tuple(replace(policy, threshold=choice.surge) for policy in tier.steps),
        actions=tuple(action(found) for found in tier.actions),
    )


def floor_loads(scenario: Scenario, tier: Tier) -> dict[str, float]:
    """Load of the period that each scheduled action begins, by the period in the action's name."""
    periods = {period.name: period.load for period in scenario.declared.schedule.periods}
    prefix = f"{tier.name}-scaling-"
    return {found.name: periods[found.name.removeprefix(prefix).rpartition("-")[0]] for found in tier.actions}


def swept_choices(scenario: Scenario, name: str, choices: Iterable[Choice] | None = None) -> list[Choice]:
    """The declared choice of a tier, followed by the other `choices`, by default those of the grid.

    Raises CapacityError for a tier without scheduled actions, target tracking or a surge policy.
    """
    tier = scenario.declared.tiers[name]
    if not (tier.actions and tier.tracking and tier.steps):
        raise CapacityError(f"{name} lacks scheduled actions, target tracking or a surge policy: nothing to sweep")
    first = current_choice(tier, floor_loads(scenario, tier))
    grid = (
        Choice(tasks_per_load=number, target=target, surge=surge)
        for number, target, surge in product(TASKS_PER_LOAD, TARGETS[name], SURGES[name])
    )
    return [first, *(choice for choice in (grid if choices is None else choices) if choice != first)]


def sweep(scenario: Scenario, name: str, choices: Sequence[Choice]) -> Iterator[Result]:
    """The result of each choice for a tier, with the other tier as declared."""
    known = scenario.declared
    tier = known.tiers[name]
    loads = floor_loads(scenario, tier)
    foresight = run(scenario, FORESIGHT)
    for choice in choices:
        tiers = {**known.tiers, name: with_choice(tier, choice, loads)}
        outcome = run(replace(scenario, declared=replace(known, tiers=tiers)), DECLARED)
        yield _judge(scenario, choice, outcome, name, foresight)


def _judge(scenario: Scenario, choice: Choice, outcome: Outcome, tier: str, foresight: Outcome) -> Result:
    spike, later = outcome.windows[SPIKE], outcome.windows[SPIKE_LATER]
    refused = spike.refused + later.refused
    offered = spike.waits.requests + later.waits.requests
    hours, best_hours = outcome.task_hours[tier], foresight.task_hours[tier]
    wait = later.waits.quantile(0.99)
    share = hours / best_hours if best_hours else 1.0
    return Result(
        choice=choice,
        monthly=dollars(scenario.declared.tiers, {tier: hours}, 0, scenario.prices) / scenario.weeks * 730 / 168,
        refused=refused / offered if offered else 0.0,
        wait=wait,
        share=share,
        holds=outcome.windows[SCHEDULED].refused < 1 and wait <= WAIT_SECONDS and share <= FORESIGHT_SHARE,
    )


def best_results(results: list[Result]) -> list[Result]:
    """The best results, in the order of the sweep; none if no choice holds."""
    holding = [found for found in results if found.holds]
    if not holding:
        return []
    least = min(found.refused for found in holding)
    equal = [found for found in holding if found.refused <= least + REFUSED_TIE]
    cost = min(found.monthly for found in equal)
    return [found for found in equal if found.monthly <= cost * (1 + COST_TIE)]


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The results of the sweep of a tier, and the best of them."""

    tier: str
    results: tuple[Result, ...]
    best: tuple[Result, ...]

    @property
    def sentence(self) -> str:
        """The recommended settings in a sentence."""
        if not self.best:
            return f"{self.tier}: no choice holds; raise {self.tier}.min or {self.tier}.cpu, or sweep other values"
        first = self.best[0]
        verb = "keep" if first is self.results[0] else "set"
        return (
            f"{self.tier}: {verb} tasks_per_load {first.choice.tasks_per_load}, "
            f"target {first.choice.target:g}, surge {first.choice.surge:g}"
        )

    def table(self) -> Table:
        """All results for a terminal."""
        headings = ("", "tasks per load", "target", "surge", "$/month", "refused", "p99 wait", "of foresight")
        table = Table(*headings, title=self.tier, title_justify="left")
        for found in self.results:
            table.add_row(
                "best" if found in self.best else "" if found.holds else "fails",
                str(found.choice.tasks_per_load),
                f"{found.choice.target:g}",
                f"{found.choice.surge:g}",
                f"{found.monthly:.2f}",
                f"{found.refused:.5f}",
                f"{found.wait:.3f} s",
                f"{found.share:.3f}",
            )
        return table

    def to_json(self) -> dict[str, object]:
        """The sweep as plain data."""
        return {
            "recommendation": self.sentence,
            "results": [{**asdict(result), "best": result in self.best} for result in self.results],
        }


def recommend_settings(
    scenario: Scenario, name: str, choices: Iterable[Choice] | None = None, count: Callable[[], None] = lambda: None
) -> Recommendation:
    """The recommendation for a tier among `swept_choices`. Calls `count` after each simulation."""
    results = []
    for result in sweep(scenario, name, swept_choices(scenario, name, choices)):
        results.append(result)
        count()
    return Recommendation(tier=name, results=tuple(results), best=tuple(best_results(results)))
