"""Command line of `python -m ops status`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.plan.configuration import PROJECT
from ops.study.engine import PulumiEngine
from ops.study.progress import Progress
from ops.study.status.report import format_status
from ops.study.status.state import read_status
from ops.study.teardown.steps import Teardown
from ops.study.verify.evidence import PublishedArchive


def status_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")],
    *,
    folder: Annotated[Path, typer.Option("--project", help="Folder of Pulumi.yaml and the stack's file.")] = PROJECT,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Show how far the end of the study is, what still blocks a teardown, and the next command."""
    progress = Progress(Console(stderr=True))
    status = read_status(
        Teardown(
            stack=stack,
            folder=folder,
            engine=PulumiEngine(stack, folder),
            archive=PublishedArchive(),
            progress=progress,
        )
    )
    typer.echo(json.dumps(status.to_json(), indent=2) if as_json else format_status(status))
