"""The report of a stack: its likely estimate, and the estimates of a low and a high case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ops.cost.estimate import estimate
from ops.cost.model import Estimate, round_money, round_named_to_total, round_to_total
from ops.cost.prices.book import PriceBook
from ops.cost.report.tables import TextTable
from ops.cost.usage.quantities import BAND, Case, Usage
from ops.plan.resources import Plan
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class Report:
    """The likely estimate, and every case of the band by name."""

    estimate: Estimate
    usage: Usage
    band: Mapping[str, tuple[Case, Estimate]]
    warnings: tuple[str, ...]


def build_report(plan: Plan, settings: Settings, book: PriceBook) -> Report:
    """Prices a plan at the usage of its settings and in every case of the band."""
    usage = Usage.of(settings.usage)
    band = {
        case.name: (case, estimate(plan, settings, usage=case.apply_to(usage), load=case.load, book=book))
        for case in BAND
    }
    likely = band["likely"][1]
    dearest = max(likely.monthly(month) for month in range(1, len(likely.months) + 1))
    warnings = list(likely.warnings)
    if dearest > settings.budget.monthly_usd:
        warnings.append(
            f"the most expensive month costs ${dearest:,.2f}, above budget.monthly_usd = "
            f"{settings.budget.monthly_usd}: the budget would send its alert"
        )
    return Report(estimate=likely, usage=usage, band=band, warnings=tuple(warnings))


def month_costs(found: Estimate) -> dict[str, Decimal]:
    """Cost by month, rounded so that the months add up to the rounded total."""
    exact = [found.monthly(month) for month in range(1, len(found.months) + 1)]
    return dict(zip(found.months, round_to_total(exact), strict=True))


def summary_tables(found: Report) -> Iterator[TextTable]:
    """Cost by component, service, kind and month, each ending with a total, and the band."""
    likely = found.estimate
    for what, totals in (("component", likely.components), ("service", likely.services), ("kind", likely.kinds)):
        means, rounded_totals = _monthly_means(likely, totals), round_named_to_total(totals)
        rows = [[name, format_money(means[name]), format_money(rounded_totals[name])] for name in totals]
        sums = [format_money(sum(amounts.values(), Decimal())) for amounts in (means, rounded_totals)]
        yield TextTable(
            title=f"By {what}", heads=[what, "a month", "to the end"], rows=[*rows, ["total", *sums]], right={1, 2}
        )
    cumulative, rows = Decimal(), []
    for name, amount in month_costs(likely).items():
        cumulative += amount
        rows.append([name, format_money(amount), format_money(cumulative)])
    rows.append(["total", format_money(cumulative), format_money(cumulative)])
    yield TextTable(title="By month of the study", heads=["month", "cost", "so far"], rows=rows, right={1, 2})
    rows = [
        [name, format_money(round_money(at.mean)), format_money(round_money(at.total)), case.reason]
        for name, (case, at) in found.band.items()
    ]
    heads = ["case", "a month", "to the end", "because"]
    yield TextTable(title="Low, likely, high", heads=heads, rows=rows, right={1, 2})


def _monthly_means(found: Estimate, totals: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return round_named_to_total({name: amount / len(found.months) for name, amount in totals.items()})


def format_money(amount: Decimal) -> str:
    """USD with cents and thousands separators."""
    return f"{amount:,.2f}"
