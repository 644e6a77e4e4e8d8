"""`python -m ops render`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.options import Stack
from ops.render import render_stack, write_files


def render_command(
    stack: Stack,
    to: Annotated[Path, typer.Option("--to", help="A folder that is new or empty.")],
) -> None:
    """Write the files that the tasks would run with: nginx.conf, orthanc.json, environment, certificates, commands.

    Keys, certificates and passwords are generated for these files; no stack uses them.
    """
    for path in write_files(render_stack(stack), to):
        typer.echo(path)
