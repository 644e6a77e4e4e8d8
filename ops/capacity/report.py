"""The report of a simulation: refused requests, waits, task-hours and cost of each alternative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table

from ops.capacity.alternatives import DECLARED, FORESIGHT, Scenario
from ops.capacity.cost import dollars
from ops.capacity.recommend import FORESIGHT_SHARE, WAIT_SECONDS
from ops.capacity.simulation.outcome import SCHEDULED, SPIKE_LATER, Outcome

MONTH_HOURS = 730


@dataclass(frozen=True, kw_only=True)
class Row:
    """One alternative. `share`: its task-hours of both tiers divided by those of perfect foresight."""

    name: str
    outcome: Outcome
    monthly: float
    task_hours: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule for the declared scaling, and whether it holds."""

    rule: str
    found: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """The simulation of a stack. `service` names the origin of the service times."""

    scenario: Scenario
    service: str
    rows: tuple[Row, ...]
    seconds: float

    @property
    def declared(self) -> Row:
        """The row of the declared scaling."""
        return next(row for row in self.rows if row.name == DECLARED)

    @property
    def checks(self) -> list[Check]:
        """The rules for the declared scaling."""
        row = self.declared
        refused = row.outcome.windows[SCHEDULED].refused
        wait = row.outcome.windows[SPIKE_LATER].waits.quantile(0.99)
        return [
            Check(rule="no refused request in the scheduled week", found=f"{refused:,.0f}", holds=refused < 1),
            Check(
                rule=f"p99 wait of a {self.scenario.factor:g}x demand spike after 3 minutes <= {WAIT_SECONDS:g} s",
                found=f"{wait:.3f} s",
                holds=wait <= WAIT_SECONDS,
            ),
            Check(
                rule=f"task-hours <= {FORESIGHT_SHARE:g} x perfect foresight",
                found=f"{row.share:.3f}",
                holds=row.share <= FORESIGHT_SHARE,
            ),
        ]

    def to_json(self) -> dict[str, object]:
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
        table = Table(title=f"{self.scenario.declared.stack}, {self.scenario.weeks} weeks", title_justify="left")
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
            table.add_column(heading, justify="left" if heading in {"alternative", "when"} else "right")
        for row in self.rows:
            table.add_section()
            for position, (name, window) in enumerate(row.outcome.windows.items()):
                ends = (
                    (f"{row.task_hours:,.0f}", f"{row.share:.3f}", f"{row.monthly:,.2f}") if not position else ("",) * 3
                )
                table.add_row(
                    row.name if not position else "",
                    name,
                    f"{window.waits.requests:,.0f}",
                    f"{window.refused:,.0f}",
                    *(f"{window.waits.quantile(share):.3f} s" for share in (0.95, 0.99)),
                    *ends,
                )
        notes = [
            f"Load 1: {self.scenario.demand.derivation}",
            f"Service times: {self.service}. Cost: tasks and database capacity only.",
            *(f"{'holds' if check.holds else 'FAILS'}: {check.rule} ({check.found})" for check in self.checks),
            f"Simulated in {self.seconds:.1f} s.",
        ]
        return Group(table, *notes)


def _window(row: Row, name: str) -> dict[str, object]:
    window = row.outcome.windows[name]
    return {
        "minutes": window.minutes,
        "requests": round(window.waits.requests),
        "refused": round(window.refused),
        "p95": round(window.waits.quantile(0.95), 4),
        "p99": round(window.waits.quantile(0.99), 4),
    }


def build_report(scenario: Scenario, service: str, outcomes: Mapping[str, Outcome], *, seconds: float) -> Report:
    """The report of all alternatives, with their cost and their task-hours relative to perfect foresight."""
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
