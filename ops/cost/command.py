"""`python -m ops cost`: the cost of a stack, of a change, of alternatives, and the proposal of 2020."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.status import Status

from ops.cost import compare
from ops.cost.alternatives import alternatives, alternatives_table
from ops.cost.errors import CostError
from ops.cost.prices.book import PriceBook, load_prices
from ops.cost.prices.refresh import refresh
from ops.cost.proposal_2020 import proposal_2020, proposal_tables
from ops.cost.report.formats import to_csv, to_json, to_markdown, to_terminal
from ops.cost.report.summary import build_report
from ops.cost.report.tables import TextTable
from ops.cost.stack import settings_of
from ops.plan import plan
from ops.review.review import plan_at


def cost_command(
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")
    ] = "",
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Add every line with its quantity and price.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; money is text.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: every line in every month.")] = False,
    base: Annotated[str, typer.Option(help="Compare with the program at a Git reference, such as origin/main.")] = "",
    as_alternatives: Annotated[
        bool, typer.Option("--alternatives", help="Price other designs against the declared one.")
    ] = False,
    as_proposal: Annotated[
        bool, typer.Option("--proposal", help="Print the cost tables of the 2020 proposal.")
    ] = False,
    refresh_prices: Annotated[
        bool, typer.Option("--refresh-prices", help="Update ops/cost/prices/prices.yaml from AWS's price list.")
    ] = False,
) -> None:
    """Cost of a stack, a month and to the end of the study, at the usage in its settings: list prices, without tax."""
    forms = {"--json": as_json, "--markdown": as_markdown, "--csv": as_csv}
    modes = {
        "--proposal": as_proposal,
        "--refresh-prices": refresh_prices,
        "--base": bool(base),
        "--alternatives": as_alternatives,
    }
    mode, form = _choose_one(modes), _choose_one(forms)
    if mode and form == "--csv":
        raise CostError(f"--csv prints the cost of a stack and cannot be combined with {mode}")
    if refresh_prices:
        _refresh()
        return
    book = load_prices()
    if as_proposal:
        _print_tables(proposal_tables(proposal_2020(book)), form, book.warnings(date.today()))
        return
    if not stack:
        raise CostError("--stack is missing: name the stack to price")
    if as_alternatives:
        with _show_status(f"Pricing alternatives to {stack} …"):
            table = alternatives_table(stack, alternatives(stack, book))
        _print_tables([table], form, book.warnings(date.today()))
    elif base:
        _compare(stack, base, book, form)
    else:
        _report(stack, book, form, lines=lines)


def _choose_one(options: dict[str, bool]) -> str:
    """The option that is set, empty if none is. Raises CostError for several."""
    chosen = [name for name, is_set in options.items() if is_set]
    if len(chosen) > 1:
        raise CostError(f"choose one of {', '.join(chosen)}")
    return chosen[0] if chosen else ""


def _show_status(what: str) -> Status:
    """What is being done, on a terminal only."""
    return Console(stderr=True).status(what)


def _report(stack: str, book: PriceBook, form: str, *, lines: bool) -> None:
    settings = settings_of(stack)
    with _show_status(f"Pricing {stack} …"):
        found = build_report(plan(stack), settings, book)
    if form == "--json":
        typer.echo(json.dumps(to_json(found), indent=2))
    elif form == "--markdown":
        typer.echo(to_markdown(found), nl=False)
    elif form == "--csv":
        typer.echo(to_csv(found), nl=False)
    else:
        Console().print(to_terminal(found, lines=lines), markup=False)


def _compare(stack: str, base: str, book: PriceBook, form: str) -> None:
    with _show_status(f"Pricing {stack} at {base} and now …"):
        found = compare.change_since(base, plan_at(base, stack), plan(stack), book=book)
    if found.difference is None:
        raise CostError(found.problem)
    warnings = book.warnings(date.today())
    if form == "--json":
        components = {name: [str(before), str(after)] for name, (before, after) in found.components.items()}
        totals = {"before": str(found.before), "after": str(found.after), "difference": str(found.difference)}
        result = {"stack": stack, "base": base, "warnings": warnings, **totals, "components": components}
        typer.echo(json.dumps(result, indent=2))
    else:
        typer.echo(compare.markdown(found))
        _print_warnings(warnings, form)


def _refresh() -> None:
    try:
        with _show_status("Reading AWS's price list …"):
            found = refresh(boto3.client("pricing", region_name="us-east-1"), date.today())
    except (BotoCoreError, ClientError) as error:
        raise CostError(
            f"AWS's price list cannot be read: {error}. It needs credentials with pricing:GetProducts"
        ) from None
    for name, (before, after) in found.changed.items():
        typer.echo(f"{name}: {before:f} is now {after:f}")
    typer.echo(f"{len(found.changed)} prices changed, {len(found.confirmed)} are confirmed")
    typer.echo(f"{len(found.unlisted)} are not in the price list and stay as they are: {', '.join(found.unlisted)}")


def _print_tables(tables: Sequence[TextTable], form: str, warnings: list[str]) -> None:
    if form == "--json":
        plain = {table.title: [dict(zip(table.heads, row, strict=True)) for row in table.rows] for table in tables}
        typer.echo(json.dumps({"warnings": warnings, **plain}, indent=2, ensure_ascii=False))
        return
    for table in tables:
        if form == "--markdown":
            typer.echo(table.to_markdown() + "\n")
        else:
            Console().print(table.to_terminal(), markup=False)
    _print_warnings(warnings, form)


def _print_warnings(warnings: list[str], form: str) -> None:
    for warning in warnings:
        typer.echo(f"> ⚠️ {warning}" if form == "--markdown" else f"warning: {warning}")
