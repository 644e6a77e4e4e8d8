"""Which settings of the scaling carry the load at the least cost: a small grid, swept on the simulation.

Tiers are swept one after the other, as the policies of one never read the other's metrics. A candidate must refuse
nothing in the scheduled weeks, keep the p99 wait of surprises within 2 s after their third minute and task-hours
within 1.25 of perfect foresight. Of those the ones that refuse least in surprises, then cost least, are best; whatever
is within 1 % of the least cost and refuses no more ties with it, and a tie is kept as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from rich.table import Table

from ops.capacity.alternatives import DECLARED, FORESIGHT, Scenario, run
from ops.capacity.declared import Action, Tier
from ops.capacity.errors import CapacityError
from ops.capacity.money import dollars
from ops.capacity.outcome import LATER, SCHEDULED, SURPRISE, Outcome

WAIT_SECONDS = 2.0
FORESIGHT_SHARE = 1.25
TIE = 0.01
REFUSED_TIE = 1e-4
"""Shares of refused requests that differ by less are noise."""
TASKS_PER_LOAD = (1, 2, 3)
TARGETS: Mapping[str, tuple[float, ...]] = {"web": (6000, 8000, 10000), "app": (45, 55, 65)}
SURGES: Mapping[str, tuple[float, ...]] = {"web": (9000, 12000), "app": (75, 85)}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is swept of a tier."""

    tasks_per_load: int
    target: float
    surge: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """A choice and what came of it. `monthly` in USD for the tier; `refused` is the share of surprises' requests."""

    choice: Choice
    monthly: float
    refused: float
    wait: float
    share: float
    holds: bool


def shipped(tier: Tier, loads: Mapping[str, float]) -> Choice:
    """The choice that a plan's tier stands for: of the least tasks per load that give its floors."""
    peak = max(loads.values())
    floor = max(action.minimum for action in tier.actions)
    per_load = next((number for number in range(1, floor + 1) if -(-peak * number // 1) >= floor), 1)
    return Choice(tasks_per_load=per_load, target=tier.tracking[0].target, surge=tier.steps[0].threshold)


def chosen(tier: Tier, choice: Choice, floors: Mapping[str, float]) -> Tier:
    """The tier with another choice. `floors`: load of the period that each scheduled action begins."""

    def action(found: Action) -> Action:
        load = floors[found.name]
        floor = max(tier.minimum, -int(-load * choice.tasks_per_load // 1)) if load else 0
        return replace(found, minimum=min(floor, found.maximum))

    return replace(
        tier,
        tracking=tuple(replace(policy, target=choice.target) for policy in tier.tracking),
        steps=tuple(replace(policy, threshold=choice.surge) for policy in tier.steps),
        actions=tuple(action(found) for found in tier.actions),
    )


def floors(scenario: Scenario, tier: Tier) -> dict[str, float]:
    """Load that each scheduled action of `tier` prepares, by the period in its name."""
    periods = {period.name: period.load for period in scenario.declared.schedule.periods}
    prefix = f"{tier.name}-scaling-"
    return {found.name: periods[found.name.removeprefix(prefix).rpartition("-")[0]] for found in tier.actions}


def sweep(scenario: Scenario, name: str, choices: Sequence[Choice] | None = None) -> Iterator[Result]:
    """Every one of `choices` (the whole grid) for a tier, the other being as declared; the declared is the first."""
    known = scenario.declared
    tier = known.tiers[name]
    loads = floors(scenario, tier)
    foresight = run(scenario, FORESIGHT)
    first = shipped(tier, loads)
    grid = [
        Choice(tasks_per_load=number, target=target, surge=surge)
        for number, target, surge in product(TASKS_PER_LOAD, TARGETS[name], SURGES[name])
    ]
    for choice in [first, *(found for found in (grid if choices is None else choices) if found != first)]:
        tiers = {**known.tiers, name: chosen(tier, choice, loads)}
        outcome = run(replace(scenario, declared=replace(known, tiers=tiers)), DECLARED)
        yield _judged(scenario, choice, outcome, name, foresight)


def _judged(scenario: Scenario, choice: Choice, outcome: Outcome, tier: str, foresight: Outcome) -> Result:
    burst, later = outcome.windows[SURPRISE], outcome.windows[LATER]
    refused = burst.refused + later.refused
    offered = burst.waits.requests + later.waits.requests
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


def best(results: list[Result]) -> list[Result]:
    """The best results, the declared first if it is one of them; none if no choice holds."""
    holding = [found for found in results if found.holds]
    if not holding:
        return []
    least = min(found.refused for found in holding)
    kept = [found for found in holding if found.refused <= least + REFUSED_TIE]
    cost = min(found.monthly for found in kept)
    return [found for found in kept if found.monthly <= cost * (1 + TIE)]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a sweep of a tier found."""

    tier: str
    results: tuple[Result, ...]
    best: tuple[Result, ...]

    @property
    def sentence(self) -> str:
        """What it would set."""
        if not self.best:
            return f"{self.tier}: no choice holds; raise {self.tier}.min or {self.tier}.cpu, or sweep other values"
        first = self.best[0]
        verb = "keep" if first is self.results[0] else "set"
        return (
            f"{self.tier}: {verb} tasks_per_load {first.choice.tasks_per_load}, "
            f"target {first.choice.target:g}, surge {first.choice.surge:g}"
        )

    def table(self) -> Table:
        """Every choice for a terminal."""
        headings = ("", "tasks per load", "target", "surge", "$/month", "refused", "p99 wait", "of foresight")
        shown = Table(*headings, title=self.tier, title_justify="left")
        for found in self.results:
            shown.add_row(
                "best" if found in self.best else "" if found.holds else "fails",
                str(found.choice.tasks_per_load),
                f"{found.choice.target:g}",
                f"{found.choice.surge:g}",
                f"{found.monthly:.2f}",
                f"{found.refused:.5f}",
                f"{found.wait:.3f} s",
                f"{found.share:.3f}",
            )
        return shown

    def to_json(self) -> dict[str, Any]:
        """The sweep as plain data."""
        return {
            "recommendation": self.sentence,
            "results": [{**asdict(result), "best": result in self.best} for result in self.results],
        }


def answer(scenario: Scenario, name: str, choices: Sequence[Choice] | None = None) -> Answer:
    """The sweep of a tier. Raises CapacityError for one without a timetable or the policies that are swept."""
    tier = scenario.declared.tiers[name]
    if not (tier.actions and tier.tracking and tier.steps):
        raise CapacityError(f"{name} lacks a timetable, a tracking policy or a surge policy: nothing to sweep")
    results = tuple(sweep(scenario, name, choices))
    return Answer(tier=name, results=results, best=tuple(best(list(results))))
