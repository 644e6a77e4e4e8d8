"""`python -m ops review`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.options import Stack
from ops.review import events
from ops.review.review import markdown, review_since


def review_command(
    stack: Stack,
    base: Annotated[str, typer.Option(help="Git reference that the change is compared with, such as origin/main.")],
    *,
    event_log: Annotated[
        Path | None, typer.Option("--events", help="Event log of a preview: the changes that the engine itself plans.")
    ] = None,
    allow_stateful: Annotated[
        bool, typer.Option("--allow-stateful", help="Allow resources that hold data to be replaced or deleted.")
    ] = False,
) -> None:
    """Review what a change does to a stack, as one Markdown comment. Exits 2 if data would be lost."""
    engine = events.read_log(event_log) if event_log else None
    result = review_since(base, stack, engine=engine, allow_stateful=allow_stateful)
    typer.echo(markdown(result), nl=False)
    if result.blocked:
        raise typer.Exit(2)
