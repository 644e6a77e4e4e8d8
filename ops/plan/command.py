"""`python -m ops plan`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from ops.options import Stack
from ops.plan import plan, terminal


def plan_command(
    stack: Stack,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print every resource with its inputs as JSON.")] = False,
    as_tree: Annotated[bool, typer.Option("--tree", help="Print every resource below its parent.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Show as unknown what AWS decides later.")] = False,
) -> None:
    """List what a stack declares, by running the program without any cloud."""
    console = Console()
    found = plan(stack, preview=preview)
    for warning in found.warnings:
        Console(stderr=True).print(f"warning: {warning}", markup=False)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        console.print(terminal.tree(found) if as_tree else terminal.table(found))
