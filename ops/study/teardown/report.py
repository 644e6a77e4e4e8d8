"""Texts of the command: blockers, confirmation, and what remains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.table import Table

from ops.study.outputs import StudyOutputs
from ops.study.teardown.proof import CENT, Remains


def format_blockers(stack: str, blockers: Sequence[str]) -> str:
    """All blockers, or the command to run if there are none."""
    if not blockers:
        return f"Nothing blocks the teardown: python -m ops teardown --stack {stack}"
    return "\n".join([f"{stack} cannot be torn down:", *(f"  - {blocker}" for blocker in blockers)])


def ask_study(outputs: StudyOutputs) -> str:
    """Prompts for the study's id."""
    return typer.prompt(
        f"This destroys {outputs.stack} in the account {outputs.account}, with images and database. "
        "The archive is kept.\nType the id of its study to continue",
        err=True,
    )


def remains_json(remains: Remains) -> dict[str, Any]:
    """What is kept, as JSON values."""
    return {"kept": [one.to_json() for one in remains.kept], "yearly_usd": float(remains.yearly_usd)}


def remains_table(stack: str, remains: Remains) -> Table:
    """What is kept, why, and its cost."""
    table = Table("kept", "why", "USD a year", title=f"{stack} is destroyed; nothing else is left", show_footer=True)
    table.columns[2].justify = "right"
    for one in remains.kept:
        table.add_row(one.name, one.why, str(one.yearly_usd.quantize(CENT)))
    table.columns[1].footer, table.columns[2].footer = "total", str(remains.yearly_usd)
    return table
