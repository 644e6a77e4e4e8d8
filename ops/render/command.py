"""`python -m ops render`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def render(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")],
    to: Annotated[Path, typer.Option("--to", help="A folder that is new or empty.")],
) -> None:
    """Write what the tasks would run with: nginx.conf, orthanc.json, environment, certificates, command lines.

    Keys, certificates and passwords are made for these files alone; they are no stack's.
    """
    from ops.render import rendered, write  # noqa: PLC0415  the makers of certificates are slow to import

    for path in write(rendered(stack), to):
        typer.echo(path)
