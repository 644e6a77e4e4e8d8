"""The command line of the last step: `python -m ops teardown --stack S`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.plan.configuration import PROJECT


def teardown_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what speaks against it; exits 1 if anything.")
    ] = False,
    study: Annotated[
        str | None, typer.Option(help="Id of the study, to confirm; asked for in a terminal if it is not given.")
    ] = None,
    folder: Annotated[Path, typer.Option("--project", help="Folder of Pulumi.yaml and the stack's file.")] = PROJECT,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what is left, or what speaks against it, as JSON.")
    ] = False,
) -> None:
    """Destroy a stack whose study is archived, and prove that only what must be kept is left. Can be run again."""
    import json  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from ops.study.engine import PulumiEngine  # noqa: PLC0415  slow to import, as are the clients of AWS
    from ops.study.progress import Progress  # noqa: PLC0415
    from ops.study.teardown import report  # noqa: PLC0415
    from ops.study.teardown.archive import Published  # noqa: PLC0415
    from ops.study.teardown.steps import Teardown  # noqa: PLC0415

    progress = Progress(Console(stderr=True, highlight=False))
    teardown = Teardown(
        stack=stack, folder=folder, engine=PulumiEngine(stack, folder), archive=Published(), progress=progress
    )
    if check:
        found = teardown.objections()
        typer.echo(
            json.dumps({"stack": stack, "objections": found}, indent=2) if as_json else report.checked(stack, found)
        )
        raise typer.Exit(1 if found else 0)
    remains = teardown.run(lambda facts: study if study is not None else report.asked(facts))
    if as_json:
        typer.echo(json.dumps(report.plain(remains), indent=2))
    else:
        Console(emoji=False).print(  # or the ARN of a secret becomes one
            report.table(stack, remains)
        )
