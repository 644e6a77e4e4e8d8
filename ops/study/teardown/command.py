"""Command line of `python -m ops teardown`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.plan.configuration import PROJECT
from ops.study.engine import PulumiEngine
from ops.study.progress import Progress
from ops.study.teardown import report
from ops.study.teardown.steps import Teardown
from ops.study.verify.evidence import PublishedArchive


def teardown_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only list what blocks the teardown; exits 1 if anything does.")
    ] = False,
    study: Annotated[
        str | None, typer.Option(help="Id of the study, as confirmation; without it, a terminal prompts for it.")
    ] = None,
    folder: Annotated[Path, typer.Option("--project", help="Folder of Pulumi.yaml and the stack's file.")] = PROJECT,
    as_json: Annotated[bool, typer.Option("--json", help="Print what remains, or the blockers, as JSON.")] = False,
) -> None:
    """Destroy the stack of an archived study, and prove that only retained resources remain. Can be run again."""
    progress = Progress(Console(stderr=True, highlight=False))
    teardown = Teardown(
        stack=stack, folder=folder, engine=PulumiEngine(stack, folder), archive=PublishedArchive(), progress=progress
    )
    if check:
        blockers = teardown.find_blockers()
        typer.echo(
            json.dumps({"stack": stack, "blockers": blockers}, indent=2)
            if as_json
            else report.format_blockers(stack, blockers)
        )
        raise typer.Exit(1 if blockers else 0)
    remains = teardown.run(lambda outputs: study if study is not None else report.ask_study(outputs))
    if as_json:
        typer.echo(json.dumps(report.remains_json(remains), indent=2))
    else:
        Console(emoji=False).print(  # an ARN can contain the name of an emoji
            report.remains_table(stack, remains)
        )
