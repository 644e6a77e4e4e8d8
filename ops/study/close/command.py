"""The command line of the first step: `python -m ops close --stack S`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ops.plan.configuration import PROJECT


def close_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")],
    *,
    archived: Annotated[
        bool, typer.Option("--archived", help="The second half: the archive is verified, and the originals may go.")
    ] = False,
    reopen: Annotated[
        bool, typer.Option("--reopen", help="Back to active; what is archived by now is void and starts over.")
    ] = False,
    prove: Annotated[
        bool, typer.Option("--prove", help="Change nothing: a pipeline has deployed the phase; only prove the freeze.")
    ] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Begin the freeze again, from now.")] = False,
    quiet: Annotated[int, typer.Option(help="Seconds in which nothing may change in the image bucket.")] = 900,
    folder: Annotated[Path, typer.Option("--project", help="Folder of Pulumi.yaml and the stack's file.")] = PROJECT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the freeze record as JSON.")] = False,
) -> None:
    """Refuse new images, and prove that nothing changes any more. Can be run again at any time."""
    import json  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from ops.study.close import steps  # noqa: PLC0415  slow to import, as are the clients of AWS
    from ops.study.engine import PulumiEngine  # noqa: PLC0415
    from ops.study.facts import Clients  # noqa: PLC0415
    from ops.study.progress import Progress  # noqa: PLC0415
    from ops.study.teardown.archive import Published  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    with Progress(console) as progress:
        closing = steps.Closing(
            stack=stack,
            folder=folder,
            engine=PulumiEngine(stack, folder),
            clients=Clients.of,
            archive=Published(),
            progress=progress,
        )
        if reopen:
            closing.reopen()
            console.print(f"{stack} is active again: images are accepted, and the freeze is void")
            return
        if archived:
            closing.archived()
            console.print(f"{stack} is archived. Next: python -m ops teardown --stack {stack}")
            return
        record: dict[str, Any] = closing.close(deploy=not prove, quiet=quiet, anew=anew)
    if as_json:
        typer.echo(json.dumps(record, indent=2))
    else:
        typer.echo(
            f"Frozen since {record['frozen_at']}: {record['objects']} objects, {record['bytes']} bytes in "
            f"{record['image_bucket']}, and nothing changed since.\nNext: python -m ops archive --stack {stack}"
        )
