"""What the command says: what speaks against it, what it asks, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.table import Table

from ops.study.facts import Facts
from ops.study.teardown.proof import CENT, Remains


def checked(stack: str, objections: Sequence[str]) -> str:
    """Every objection, or that there is none."""
    if not objections:
        return f"Nothing speaks against it: python -m ops teardown --stack {stack}"
    return "\n".join([f"{stack} would not be torn down:", *(f"  - {objection}" for objection in objections)])


def asked(facts: Facts) -> str:
    """The study's id as somebody types it."""
    return typer.prompt(
        f"This destroys {facts.stack} in the account {facts.account}: images, database and all. What is archived stays."
        "\nType the id of its study to go on",
        err=True,
    )


def plain(remains: Remains) -> dict[str, Any]:
    """As plain values."""
    return {"kept": [one.to_json() for one in remains.kept], "yearly_usd": float(remains.yearly_usd)}


def table(stack: str, remains: Remains) -> Table:
    """What is kept, why, and what it costs."""
    found = Table("kept", "why", "USD a year", title=f"{stack} is destroyed; nothing else is left", show_footer=True)
    found.columns[2].justify = "right"
    for one in remains.kept:
        found.add_row(one.name, one.why, str(one.yearly_usd.quantize(CENT)))
    found.columns[1].footer, found.columns[2].footer = "all of it", str(remains.yearly_usd)
    return found
