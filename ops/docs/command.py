"""`python -m ops architecture` and `python -m ops controls`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ops.docs import architecture, controls
from ops.docs.document import difference

Write = Annotated[bool, typer.Option("--write", help="Write the document to docs/.")]
Check = Annotated[bool, typer.Option("--check", help="Fail, with a diff, if the document in docs/ is out of date.")]


def architecture_command(*, write: Write = False, check: Check = False) -> None:
    """Print docs/architecture.md, with every name, port and period read from the plans of the stacks."""
    _output(architecture.DOCUMENT, architecture.current(), write=write, check=check)


def controls_command(
    *,
    write: Write = False,
    check: Check = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all as JSON, with each resource's name.")] = False,
) -> None:
    """Print docs/controls.md: each paragraph of HIPAA's Security Rule, with its rules, owner and evidence."""
    matrix = controls.current()
    if as_json:
        typer.echo(json.dumps(matrix.to_json(), indent=2))
    else:
        _output(controls.DOCUMENT, controls.document(matrix), write=write, check=check)


def _output(path: Path, rendered: str, *, write: bool, check: bool) -> None:
    """Prints a document, writes it, or fails if the file is out of date."""
    if check:
        if changes := difference(path, rendered):
            typer.echo(changes, nl=False)
            typer.echo(f"Out of date; run `python -m ops {path.stem} --write`.", err=True)
            raise typer.Exit(1)
    elif write:
        path.write_text(rendered, encoding="utf-8")
    else:
        typer.echo(rendered, nl=False)
