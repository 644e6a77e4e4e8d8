"""`python -m ops cost`: the price of a stack, of a change to it, of its alternatives, and of the proposal of 2020."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ops.cost.prices import PriceBook

FORMATS = ("json", "markdown", "csv")


def cost_command(
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")
    ] = "",
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Every resource's lines with quantities and prices.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON; money is text.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV: every line in every month.")] = False,
    base: Annotated[str, typer.Option(help="Compare with the program at a Git reference, such as origin/main.")] = "",
    as_alternatives: Annotated[
        bool, typer.Option("--alternatives", help="What else could have been built, and what it would cost.")
    ] = False,
    as_seed: Annotated[bool, typer.Option("--seed", help="The tables of the proposal of 2020.")] = False,
    refresh_prices: Annotated[
        bool, typer.Option("--refresh-prices", help="Update ops/cost/prices.yaml from AWS's price list.")
    ] = False,
) -> None:
    """What a stack costs a month and to the end of the study, at the usage in its settings: list prices, no tax."""
    from ops.cost import prices  # noqa: PLC0415  what other commands do without
    from ops.cost.errors import CostError  # noqa: PLC0415

    chosen = [name for name, on in zip(FORMATS, (as_json, as_markdown, as_csv), strict=True) if on]
    modes = [
        name
        for name, on in (
            ("--seed", as_seed),
            ("--refresh-prices", refresh_prices),
            ("--base", bool(base)),
            ("--alternatives", as_alternatives),
        )
        if on
    ]
    if len(chosen) > 1 or len(modes) > 1:
        raise CostError(f"choose one of {', '.join(modes if len(modes) > 1 else [f'--{name}' for name in chosen])}")
    form = chosen[0] if chosen else "table"
    if modes and form == "csv":
        raise CostError(f"--csv belongs to the cost of a stack, not to {modes[0]}")
    if refresh_prices:
        _refresh()
        return
    book = prices.load()
    if as_seed:
        _seed(book, form)
        return
    if not stack:
        raise CostError("--stack is missing: which stack is to be priced?")
    if as_alternatives:
        _alternatives(stack, book, form)
    elif base:
        _compare(stack, base, form)
    else:
        _report(stack, book, form, lines=lines)


def _report(stack: str, book: PriceBook, form: str, *, lines: bool) -> None:
    from ops.cost import report  # noqa: PLC0415
    from ops.cost.stack import settings_of  # noqa: PLC0415
    from ops.plan import plan  # noqa: PLC0415

    settings = settings_of(stack)
    found = report.report(plan(stack), settings, book)
    if form == "json":
        typer.echo(json.dumps(report.to_json(found), indent=2))
    elif form == "markdown":
        typer.echo(report.markdown(found), nl=False)
    elif form == "csv":
        typer.echo(report.to_csv(found), nl=False)
    else:
        _console().print(report.tables(found, lines=lines), markup=False)


def _seed(book: PriceBook, form: str) -> None:
    from ops.cost.seed import seed  # noqa: PLC0415

    found = seed(book)
    compute, data, project = found.months
    tables: list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]] = [
        (
            "Compute (Fargate + Aurora) Cost",
            ("Period", "Hours/Week", "Load", "$ / month"),
            [
                *((name, str(hours), f"{load:f}", f"{cost:,}") for name, hours, load, cost in found.periods),
                ("", "", "", f"{found.compute_month:,}"),
            ],
        ),
        (
            "Data Cost",
            ("Item", "$ / 100 GB"),
            [("Storage", f"{found.storage:,}"), ("Egress", f"{found.egress:,}"), ("", f"{found.data:,}")],
        ),
        (
            "12-Month Project Cost",
            ("Item", "Total", "$ / Month"),
            [
                ("Compute", f"{found.compute_total:,}", f"{compute:,}"),
                ("Data", f"{found.data_total:,}", f"{data:,}"),
                ("", f"{found.total:,}", f"{project:,}"),
            ],
        ),
    ]
    _print_tables(tables, form, book.warnings(date.today()))


def _alternatives(stack: str, book: PriceBook, form: str) -> None:
    from ops.cost.alternatives import alternatives, shown_rows  # noqa: PLC0415

    rows: list[tuple[str, ...]] = [*shown_rows(alternatives(stack, book))]
    heads = ("alternative", "USD a month", "difference", "gives up", "how")
    _print_tables([(f"Alternatives to {stack}", heads, rows)], form, book.warnings(date.today()))


def _print_tables(
    tables: list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]], form: str, warnings: list[str]
) -> None:
    if form == "json":
        plain = {title: [dict(zip(heads, row, strict=True)) for row in rows] for title, heads, rows in tables}
        typer.echo(json.dumps({"warnings": warnings, **plain}, indent=2, ensure_ascii=False))
        return
    if form == "markdown":
        for title, heads, rows in tables:
            body = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
            typer.echo("\n".join([f"### {title}", "", body[0], f"|{'---|' * len(heads)}", *body[1:], ""]))
    else:
        from rich.table import Table  # noqa: PLC0415

        for title, heads, rows in tables:
            shown = Table(title=title, title_justify="left")
            for head in heads:
                shown.add_column(head, justify="left" if head.islower() or head in {"Item", "Period"} else "right")
            for row in rows:
                shown.add_row(*row)
            _console().print(shown, markup=False)
    _warn(warnings, form)


def _warn(warnings: list[str], form: str) -> None:
    for warning in warnings:
        typer.echo(f"> ⚠️ {warning}" if form == "markdown" else f"warning: {warning}")


def _compare(stack: str, base: str, form: str) -> None:
    from ops.cost import compare, prices  # noqa: PLC0415
    from ops.cost.errors import CostError  # noqa: PLC0415
    from ops.plan import plan  # noqa: PLC0415
    from ops.review.review import plan_at  # noqa: PLC0415

    found = compare.since(base, plan_at(base, stack), plan(stack))
    warnings = prices.load().warnings(date.today())
    if found.difference is None:
        raise CostError(found.problem)
    if form == "json":
        plain = {name: [str(before), str(after)] for name, (before, after) in found.components.items()}
        sides = {"before": str(found.before), "after": str(found.after), "difference": str(found.difference)}
        typer.echo(
            json.dumps({"stack": stack, "base": base, "warnings": warnings, **sides, "components": plain}, indent=2)
        )
    else:
        typer.echo(compare.markdown(found))
        _warn(warnings, form)


def _refresh() -> None:
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from ops.cost.errors import CostError  # noqa: PLC0415
    from ops.cost.refresh import refresh  # noqa: PLC0415

    try:
        found = refresh(boto3.client("pricing", region_name="us-east-1"), date.today())
    except (BotoCoreError, ClientError) as error:
        raise CostError(
            f"AWS's price list cannot be read: {error}. It needs credentials with pricing:GetProducts"
        ) from None
    for name, (before, after) in found.changed.items():
        typer.echo(f"{name}: {before:f} is now {after:f}")
    typer.echo(f"{len(found.changed)} prices changed, {len(found.confirmed)} are confirmed")
    typer.echo(f"{len(found.left)} have no row in the price list and stay as they are: {', '.join(found.left)}")


def _console():  # noqa: ANN202  rich is imported late
    from rich.console import Console  # noqa: PLC0415

    return Console()
