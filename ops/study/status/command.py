"""The command line of `python -m ops status --stack S`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.plan.configuration import PROJECT


def status_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")],
    *,
    folder: Annotated[Path, typer.Option("--project", help="Folder of Pulumi.yaml and the stack's file.")] = PROJECT,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Where the study is on its way to the end, what a teardown would still refuse, and the next command."""
    import json  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from ops.study.engine import PulumiEngine  # noqa: PLC0415
    from ops.study.progress import Progress  # noqa: PLC0415
    from ops.study.status import report, state  # noqa: PLC0415  slow to import, as are the clients of AWS
    from ops.study.teardown.archive import Published  # noqa: PLC0415
    from ops.study.teardown.steps import Teardown  # noqa: PLC0415

    progress = Progress(Console(stderr=True))
    found = state.status(
        Teardown(stack=stack, folder=folder, engine=PulumiEngine(stack, folder), archive=Published(), progress=progress)
    )
    typer.echo(json.dumps(found.to_json(), indent=2) if as_json else report.lines(found))
