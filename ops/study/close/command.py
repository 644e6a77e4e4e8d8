"""Command line of `python -m ops close`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.plan.configuration import PROJECT
from ops.study.clients import Clients
from ops.study.close.steps import Closing
from ops.study.engine import PulumiEngine
from ops.study.progress import Progress
from ops.study.verify.evidence import PublishedArchive


def close_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")],
    *,
    archived: Annotated[
        bool, typer.Option("--archived", help="Second step: the archive is verified, and the originals may be deleted.")
    ] = False,
    reopen: Annotated[
        bool, typer.Option("--reopen", help="Back to active; archive and verification become void and start over.")
    ] = False,
    prove: Annotated[
        bool, typer.Option("--prove", help="Only prove the freeze, where a pipeline has deployed the phase.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Start the freeze again, from now.")] = False,
    quiet: Annotated[int, typer.Option(help="Seconds in which nothing may change in the image bucket.")] = 900,
    folder: Annotated[Path, typer.Option("--project", help="Folder of Pulumi.yaml and the stack's file.")] = PROJECT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the freeze record as JSON.")] = False,
) -> None:
    """Refuse new images, and prove that nothing changes any more. Can be run again at any time."""
    console = Console(stderr=True, highlight=False)
    with Progress(console) as progress:
        closing = Closing(
            stack=stack,
            folder=folder,
            engine=PulumiEngine(stack, folder),
            clients=Clients.for_region,
            archive=PublishedArchive(),
            progress=progress,
        )
        if reopen:
            closing.reopen()
            console.print(f"{stack} is active again: it accepts images, and the freeze is void")
            return
        if archived:
            closing.deploy_archived()
            console.print(f"{stack} is archived. Next: python -m ops teardown --stack {stack}")
            return
        record = closing.close(deploy=not prove, quiet=quiet, restart=restart)
    if as_json:
        typer.echo(json.dumps(record, indent=2))
    else:
        typer.echo(
            f"Frozen since {record['frozen_at']}: {record['objects']} objects, {record['bytes']} bytes in "
            f"{record['image_bucket']}, and nothing has changed since.\nNext: python -m ops archive --stack {stack}"
        )
