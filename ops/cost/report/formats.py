"""A report for a terminal and as Markdown, JSON and CSV. Money is rounded here."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table

from ops.cost.model import ACCOUNT, Estimate, Line, round_money, round_named_to_total, round_to_total
from ops.cost.report.summary import Report, month_costs, summary_tables
from ops.cost.report.tables import TextTable


def to_terminal(found: Report, *, lines: bool = False) -> RenderableType:
    """The report for a terminal; `lines` adds every line of the estimate."""
    parts: list[RenderableType] = [f"{found.estimate.stack}, USD: {_format_counts(found.estimate)}"]
    parts += [table.to_terminal() for table in summary_tables(found)]
    if lines:
        parts.append(_line_table(found.estimate))
    parts += [f"warning: {warning}" for warning in found.warnings]
    return Group(*parts)


def _format_counts(found: Estimate) -> str:
    outcomes = [one.outcome for one in found.resources]
    return (
        f"{len(outcomes)} resources: {outcomes.count('priced')} priced, {outcomes.count('usage')} by usage, "
        f"{outcomes.count('free')} free"
    )


def _line_table(found: Estimate) -> Table:
    rows = [
        (
            line.component,
            line.resource,
            line.what,
            f"{sum(line.quantities, Decimal()) / len(found.months):,.3f}",
            line.price.unit,
            f"{line.unit_price.normalize():f}",
            f"{line.total / len(found.months):,.2f}",
        )
        for line in found.lines
    ]
    heads = ("component", "resource", "what", "a month", "unit", "unit price", "USD a month")
    title = "Every line, monthly mean of the study"
    return TextTable(title=title, heads=heads, rows=rows, right={3, 5, 6}).to_terminal()


def to_markdown(found: Report) -> str:
    """The report as Markdown."""
    parts = [f"## Cost of `{found.estimate.stack}`, USD", _format_counts(found.estimate) + "."]
    parts += [f"> ⚠️ {warning}" for warning in found.warnings]
    parts += [table.to_markdown(aligned=True) for table in summary_tables(found)]
    return "\n\n".join(parts) + "\n"


def to_json(found: Report) -> dict[str, object]:
    """The report as plain data; money and quantities are text, so that no digit is lost."""
    likely = found.estimate
    months = month_costs(likely)
    return {
        "stack": likely.stack,
        "currency": "USD",
        "warnings": list(found.warnings),
        "usage": {name: str(value) for name, value in vars(found.usage).items()},
        "monthly": {month: str(amount) for month, amount in months.items()},
        "mean": str(round_money(likely.mean)),
        "total": str(sum(months.values(), Decimal())),
        "band": {
            name: {"mean": str(round_money(at.mean)), "total": str(round_money(at.total)), "because": case.reason}
            for name, (case, at) in found.band.items()
        },
        "components": {name: str(amount) for name, amount in round_named_to_total(likely.components).items()},
        "services": {name: str(amount) for name, amount in round_named_to_total(likely.services).items()},
        "kinds": {name: str(amount) for name, amount in round_named_to_total(likely.kinds).items()},
        "resources": [vars(one) for one in likely.resources],
        "lines": [_line_to_json(line) for line in likely.lines],
    }


def _line_to_json(line: Line) -> dict[str, object]:
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
    """Every line in every month, in cents that add up to the report's total; warnings come first, after `#`."""
    likely = found.estimate
    out = io.StringIO()
    for warning in found.warnings:
        out.write(f"# {warning}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["component", "resource", "service", "kind", "what", "unit", "unit_price", *likely.months])
    columns = [
        _adjust_to_total(round_to_total([line.monthly(number) for line in likely.lines]), total)
        for number, total in enumerate(month_costs(likely).values(), 1)
    ]
    for position, line in enumerate(likely.lines):
        fields = [line.component, line.resource or ACCOUNT, line.service, line.kind, line.what, line.price.unit]
        writer.writerow([*fields, f"{line.unit_price:f}", *(column[position] for column in columns)])
    return out.getvalue()


def _adjust_to_total(column: list[Decimal], total: Decimal) -> list[Decimal]:
    """The column with its largest amount changed by the cent by which the month was rounded differently."""
    largest = max(range(len(column)), key=lambda at: column[at])
    column[largest] += total - sum(column, Decimal())
    return column
