"""An estimate with its band, ready to be shown as tables, JSON, Markdown or CSV. Money is rounded here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from ops.cost.estimate import estimate
from ops.cost.model import ACCOUNT, Estimate, Line, rounded, shown, shown_by
from ops.cost.prices import PriceBook
from ops.cost.usage import BAND, Case, Usage
from ops.plan.resources import Plan
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class Report:
    """The likely estimate, and the estimates at both ends of the band."""

    estimate: Estimate
    usage: Usage
    band: Mapping[str, tuple[Case, Estimate]]
    warnings: tuple[str, ...]


def report(plan: Plan, settings: Settings, book: PriceBook) -> Report:
    """Prices a plan as the settings say, and at both ends of the band."""
    usage = Usage.of(settings.usage)
    band = {
        case.name: (case, estimate(plan, settings, usage=case.of(usage), load=case.load, book=book)) for case in BAND
    }
    likely = band["likely"][1]
    dearest = max(likely.monthly(month) for month in range(1, len(likely.months) + 1))
    warnings = list(likely.warnings)
    if dearest > settings.budget.monthly_usd:
        warnings.append(
            f"the dearest month costs ${dearest:,.2f}, and budget.monthly_usd is {settings.budget.monthly_usd}: its "
            "alarm would ring"
        )
    return Report(estimate=likely, usage=usage, band=band, warnings=tuple(warnings))


def _months(found: Estimate) -> dict[str, Decimal]:
    exact = [found.monthly(month) for month in range(1, len(found.months) + 1)]
    return dict(zip(found.months, shown(exact), strict=True))


def _means(found: Estimate, totals: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return shown_by({name: amount / len(found.months) for name, amount in totals.items()})


def _rows(found: Report) -> Iterable[tuple[str, list[str], list[list[str]]]]:
    """The tables: title, heads, rows. The last row is the total of those above it."""
    likely = found.estimate
    for what, totals in (("component", likely.components), ("service", likely.services), ("kind", likely.kinds)):
        months, all_in = _means(likely, totals), shown_by(totals)
        rows = [[name, _money(months[name]), _money(all_in[name])] for name in totals]
        rows.append(["total", _money(sum(months.values(), Decimal())), _money(sum(all_in.values(), Decimal()))])
        yield f"By {what}", [what, "a month", "to the end"], rows
    cumulative, rows = Decimal(), []
    for name, amount in _months(likely).items():
        cumulative += amount
        rows.append([name, _money(amount), _money(cumulative)])
    rows.append(["total", _money(cumulative), _money(cumulative)])
    yield "By month of the study", ["month", "cost", "so far"], rows
    rows = [
        [name, _money(rounded(at.mean)), _money(rounded(at.total)), case.reason]
        for name, (case, at) in found.band.items()
    ]
    yield "Low, likely, high", ["case", "a month", "to the end", "because"], rows


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _counts(found: Estimate) -> str:
    outcomes = [one.outcome for one in found.resources]
    return (
        f"{len(outcomes)} resources: {outcomes.count('priced')} priced, {outcomes.count('usage')} by usage, "
        f"{outcomes.count('free')} free"
    )


def tables(found: Report, *, lines: bool = False) -> RenderableType:
    """The report for a terminal; with every line if wanted."""
    parts: list[RenderableType] = [f"{found.estimate.stack}, USD: {_counts(found.estimate)}"]
    for title, heads, rows in _rows(found):
        table = Table(title=title, title_justify="left")
        for position, head in enumerate(heads):
            table.add_column(head, justify="right" if position in {1, 2} else "left")
        for position, row in enumerate(rows):
            last = position == len(rows) - 1 and row[0] == "total"
            table.add_row(*row, style="bold" if last else None)
        parts.append(table)
    if lines:
        parts.append(_line_table(found.estimate))
    parts += [f"warning: {warning}" for warning in found.warnings]
    return Group(*parts)


def _line_table(found: Estimate) -> Table:
    heads = ("component", "resource", "what", "a month", "unit", "unit price", "USD a month")
    table = Table(title="Every line, on the mean of the study", title_justify="left")
    for position, head in enumerate(heads):
        table.add_column(head, justify="right" if position in {3, 5, 6} else "left")
    for line in found.lines:
        table.add_row(
            line.component,
            line.resource,
            line.what,
            f"{_mean(line, found):,.3f}",
            line.price.unit,
            f"{line.unit_price.normalize():f}",
            f"{line.total / len(found.months):,.2f}",
        )
    return table


def _mean(line: Line, found: Estimate) -> Decimal:
    return sum(line.quantities, Decimal()) / len(found.months)


def markdown(found: Report) -> str:
    """The report as Markdown."""
    parts = [f"## Cost of `{found.estimate.stack}`, USD", _counts(found.estimate) + "."]
    parts += [f"> ⚠️ {warning}" for warning in found.warnings]
    for title, heads, rows in _rows(found):
        marks = ["---:" if position in {1, 2} else "---" for position in range(len(heads))]
        body = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
        parts.append("\n".join([f"### {title}", "", body[0], f"|{'|'.join(marks)}|", *body[1:]]))
    return "\n\n".join(parts) + "\n"


def to_json(found: Report) -> dict[str, Any]:
    """The report as plain data; money and quantities are text, so that no digit is lost."""
    likely = found.estimate
    months = _months(likely)
    return {
        "stack": likely.stack,
        "currency": "USD",
        "warnings": list(found.warnings),
        "usage": {name: str(value) for name, value in vars(found.usage).items()},
        "monthly": {month: str(amount) for month, amount in months.items()},
        "mean": str(rounded(likely.mean)),
        "total": str(sum(months.values(), Decimal())),
        "band": {
            name: {"mean": str(rounded(at.mean)), "total": str(rounded(at.total)), "because": case.reason}
            for name, (case, at) in found.band.items()
        },
        "components": {name: str(amount) for name, amount in shown_by(likely.components).items()},
        "services": {name: str(amount) for name, amount in shown_by(likely.services).items()},
        "kinds": {name: str(amount) for name, amount in shown_by(likely.kinds).items()},
        "resources": [vars(one) for one in likely.resources],
        "lines": [_plain(line) for line in likely.lines],
    }


def _plain(line: Line) -> dict[str, Any]:
    return {
        "component": line.component,
        "resource": line.resource,
        "service": line.service,
        "kind": line.kind,
        "what": line.what,
        "price": line.price.id,
        "unit": line.price.unit,
        "unitPrice": f"{line.unit_price:f}",
        "asOf": line.price.as_of.isoformat(),
        "confidence": line.price.confidence,
        "quantities": [f"{quantity:f}" for quantity in line.quantities],
        "total": f"{line.total:f}",
    }


def to_csv(found: Report) -> str:
    """Every line and month, in cents that add up to the report's total; warnings stand before the head, after #."""
    likely = found.estimate
    out = io.StringIO()
    for warning in found.warnings:
        out.write(f"# {warning}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["component", "resource", "service", "kind", "what", "unit", "unit_price", *likely.months])
    columns = [shown([line.monthly(month + 1) for line in likely.lines]) for month in range(len(likely.months))]
    columns = [_corrected(column, total) for column, total in zip(columns, _months(likely).values(), strict=True)]
    for position, line in enumerate(likely.lines):
        fields = [line.component, line.resource or ACCOUNT, line.service, line.kind, line.what, line.price.unit]
        writer.writerow([*fields, f"{line.unit_price:f}", *(column[position] for column in columns)])
    return out.getvalue()


def _corrected(column: list[Decimal], total: Decimal) -> list[Decimal]:
    """A month was shown a cent off its own sum where the months had to add up: its dearest line bears it."""
    dearest = max(range(len(column)), key=lambda at: column[at])
    column[dearest] += total - sum(column, Decimal())
    return column
