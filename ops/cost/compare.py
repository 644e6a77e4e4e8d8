"""The cost of a change: two plans at the same usage, component by component."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.estimate import estimate
from ops.cost.model import Estimate, round_money, round_to_total
from ops.cost.prices.book import PriceBook, load_prices
from ops.cost.stack import settings_at, settings_of
from ops.cost.usage.quantities import Usage
from ops.plan.resources import Plan
from settings import Settings

MAX_PROBLEM_LINES = 12
TOLERANCE = Decimal("1e-9")
"""Differences below this come from division, not from a change."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Mean cost a month over the study, before and after; `components` holds those that differ.

    A side that cannot be priced is None, and `problem` gives the reason.
    """

    before: Decimal | None
    after: Decimal | None
    components: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    problem: str = ""

    @property
    def difference(self) -> Decimal | None:
        """USD a month; None if one side is unknown."""
        return None if self.before is None or self.after is None else self.after - self.before


def change(
    base: Plan, base_settings: Settings, head: Plan, head_settings: Settings, *, book: PriceBook | None = None
) -> Change:
    """Prices both plans at the usage of the new one, so that only the program makes a difference.

    Never raises CostError: the result names the problem of a plan that cannot be priced.
    """
    usage, book = Usage.of(head_settings.usage), book or load_prices()
    problems: list[str] = []

    def try_estimate(which: str, plan: Plan, settings: Settings) -> Estimate | None:
        try:
            return estimate(plan, settings, usage=usage, book=book)
        except CostError as error:
            problems.append(f"{which}: {error}")
            return None

    before = try_estimate("before", base, base_settings)
    after = try_estimate("after", head, head_settings)
    if before is None or after is None:
        return Change(
            before=before.mean if before else None, after=after.mean if after else None, problem="\n".join(problems)
        )
    return Change(before=before.mean, after=after.mean, components=_differences(before, after))


def change_since(reference: str, base: Plan, head: Plan, *, book: PriceBook | None = None) -> Change:
    """The change of a stack since a Git reference, including its settings. Never raises CostError."""
    try:
        before = settings_at(reference, head.stack)
    except CostError as error:
        return Change(before=None, after=None, problem=str(error))
    return change(base, before, head, settings_of(head.stack), book=book)


def _differences(before: Estimate, after: Estimate) -> dict[str, tuple[Decimal, Decimal]]:
    pairs = {
        name: (
            before.components.get(name, Decimal()) / len(before.months),
            after.components.get(name, Decimal()) / len(after.months),
        )
        for name in {**before.components, **after.components}
    }
    differing = {name: pair for name, pair in pairs.items() if abs(pair[1] - pair[0]) > TOLERANCE}
    return dict(sorted(differing.items(), key=lambda item: (-abs(item[1][1] - item[1][0]), item[0])))


def markdown(found: Change) -> str:
    """The change as a section of a comment."""
    if found.before is None or found.after is None:
        known = [
            f"{word} ${amount:,.2f} a month"
            for word, amount in (("before", found.before), ("after", found.after))
            if amount is not None
        ]
        lines = found.problem.splitlines()
        more = f"\n> … and {len(lines) - MAX_PROBLEM_LINES} more lines" if len(lines) > MAX_PROBLEM_LINES else ""
        quoted = "\n".join(f"> {line}" for line in lines[:MAX_PROBLEM_LINES])
        return f"The difference is not known{', '.join(['', *known])}:\n{quoted}{more}"
    before, after = round_money(found.before), round_money(found.after)
    total = f"**${before:,.2f} → ${after:,.2f}** a month"
    rows = list(_rows(found, after - before))
    if not rows:
        return f"{total}: no change."
    head = ["| component | before | after | difference |", "|---|---:|---:|---:|"]
    return "\n".join([f"{total} ({_format_signed(after - before)}).", "", *head, *rows])


def _rows(found: Change, total: Decimal) -> Iterator[str]:
    """Components that differ by a cent or more. The largest difference is adjusted so that all add up to the total."""
    differences = round_to_total(after - before for before, after in found.components.values())
    if differences:
        differences[0] += total - sum(differences, Decimal())
    for (name, (exact, _)), difference in zip(found.components.items(), differences, strict=True):
        if difference:
            before = round_money(exact)
            yield f"| {name} | {before:,.2f} | {before + difference:,.2f} | {_format_signed(difference)} |"


def _format_signed(amount: Decimal) -> str:
    return f"{'+' if amount >= 0 else '-'}${abs(amount):,.2f}"
