"""What a simulation says, as data and as a table: refusals, waits, task-hours and dollars of each alternative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.table import Table

from ops.capacity.alternatives import DECLARED, FORESIGHT, Scenario
from ops.capacity.money import dollars
from ops.capacity.outcome import LATER, SCHEDULED, Outcome
from ops.capacity.recommend import FORESIGHT_SHARE, WAIT_SECONDS

MONTH_HOURS = 730


@dataclass(frozen=True, kw_only=True)
class Row:
    """One alternative. `share`: its task-hours of both tiers against perfect foresight's."""

    name: str
    outcome: Outcome
    monthly: float
    task_hours: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that the declared scaling has to hold, and what was found."""

    rule: str
    found: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """A stack's simulation. `service` says which service times were used."""

    scenario: Scenario
    service: str
    rows: tuple[Row, ...]
    seconds: float

    @property
    def declared(self) -> Row:
        """The scaling as declared."""
        return next(row for row in self.rows if row.name == DECLARED)

    @property
    def checks(self) -> list[Check]:
        """What is asked of the declared scaling."""
        row = self.declared
        refused = row.outcome.windows[SCHEDULED].refused
        wait = row.outcome.windows[LATER].waits.quantile(0.99)
        return [
            Check(rule="no refused request in the scheduled week", found=f"{refused:,.0f}", holds=refused < 1),
            Check(
                rule=f"p99 wait of a surprise {self.scenario.factor:g}x burst after 3 minutes <= {WAIT_SECONDS:g} s",
                found=f"{wait:.3f} s",
                holds=wait <= WAIT_SECONDS,
            ),
            Check(
                rule=f"task-hours <= {FORESIGHT_SHARE:g} x perfect foresight",
                found=f"{row.share:.3f}",
                holds=row.share <= FORESIGHT_SHARE,
            ),
        ]

    def to_json(self) -> dict[str, Any]:
        """The report as plain data; waits in seconds, cost in USD a month."""
        return {
            "stack": self.scenario.declared.stack,
            "weeks": self.scenario.weeks,
            "seed": self.scenario.seed,
            "service_times": self.service,
            "load_1": self.scenario.demand.derivation,
            "seconds": round(self.seconds, 1),
            "alternatives": {
                row.name: {
                    "windows": {name: _window(row, name) for name in row.outcome.windows},
                    "task_hours": {name: round(hours, 1) for name, hours in row.outcome.task_hours.items()},
                    "acu_hours": round(row.outcome.acu_hours, 1),
                    "task_hours_to_foresight": round(row.share, 4),
                    "usd_a_month": round(row.monthly, 2),
                }
                for row in self.rows
            },
            "checks": [{"rule": check.rule, "found": check.found, "holds": check.holds} for check in self.checks],
        }

    def table(self) -> Group:
        """The report for a terminal."""
        shown = Table(title=f"{self.scenario.declared.stack}, {self.scenario.weeks} weeks", title_justify="left")
        for heading in (
            "alternative",
            "when",
            "requests",
            "refused",
            "p95",
            "p99",
            "task-hours",
            "of foresight",
            "$/month",
        ):
            shown.add_column(heading, justify="left" if heading in {"alternative", "when"} else "right")
        for row in self.rows:
            shown.add_section()
            for position, (name, window) in enumerate(row.outcome.windows.items()):
                ends = (
                    (f"{row.task_hours:,.0f}", f"{row.share:.3f}", f"{row.monthly:,.2f}") if not position else ("",) * 3
                )
                shown.add_row(
                    row.name if not position else "",
                    name,
                    f"{window.waits.requests:,.0f}",
                    f"{window.refused:,.0f}",
                    *(f"{window.waits.quantile(share):.3f} s" for share in (0.95, 0.99)),
                    *ends,
                )
        said = [
            f"Load 1: {self.scenario.demand.derivation}",
            f"Service times: {self.service}. Cost: tasks and database capacity alone.",
            *(f"{'holds' if check.holds else 'FAILS'}: {check.rule} ({check.found})" for check in self.checks),
            f"Simulated in {self.seconds:.1f} s.",
        ]
        return Group(shown, *said)


def _window(row: Row, name: str) -> dict[str, Any]:
    window = row.outcome.windows[name]
    return {
        "minutes": window.minutes,
        "requests": round(window.waits.requests),
        "refused": round(window.refused),
        "p95": round(window.waits.quantile(0.95), 4),
        "p99": round(window.waits.quantile(0.99), 4),
    }


def report(scenario: Scenario, service: str, outcomes: Mapping[str, Outcome], *, seconds: float) -> Report:
    """The outcomes of all alternatives, priced and set against foresight."""
    best = sum(outcomes[FORESIGHT].task_hours.values())
    known = scenario.declared
    factor = MONTH_HOURS / 168 / scenario.weeks

    def row(name: str, outcome: Outcome) -> Row:
        hours = sum(outcome.task_hours.values())
        acu = outcome.acu_hours * known.database.instances  # a reader of tier 0 or 1 follows the writer
        return Row(
            name=name,
            outcome=outcome,
            monthly=dollars(known.tiers, outcome.task_hours, acu, scenario.prices) * factor,
            task_hours=hours,
            share=hours / best if best else 1.0,
        )

    return Report(
        scenario=scenario,
        service=service,
        rows=tuple(row(name, outcome) for name, outcome in outcomes.items()),
        seconds=seconds,
    )
