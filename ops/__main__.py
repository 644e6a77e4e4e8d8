"""The command line of the store: `python -m ops --help`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pulumi
import typer
from rich.console import Console

from ops.capacity.command import capacity_command
from ops.capacity.errors import CapacityError
from ops.cost import compare
from ops.cost.command import cost_command
from ops.deploy.bootstrap.command import bootstrap_command
from ops.deploy.bootstrap.target import BootstrapError
from ops.deploy.doctor.command import doctor_command
from ops.docs import architecture, controls
from ops.docs.document import difference
from ops.logs import replay
from ops.plan import plan, terminal
from ops.render.command import render
from ops.review import events
from ops.review import review as reviews
from ops.study.archive.command import archive_command
from ops.study.close.command import close_command
from ops.study.errors import StudyError
from ops.study.restore.command import restore_command
from ops.study.status.command import status_command
from ops.study.store.errors import ArchiveError
from ops.study.teardown.command import teardown_command
from ops.study.verify.command import verify_command

ERRORS = (pulumi.RunError, replay.ReplayError, ArchiveError, BootstrapError, CapacityError, StudyError)
"""What a person can put right: a message, not a traceback."""

COMMANDS = {
    "bootstrap": bootstrap_command,
    "doctor": doctor_command,
    "render": render,
    "cost": cost_command,
    "capacity": capacity_command,
    "status": status_command,
    "close": close_command,
    "archive": archive_command,
    "verify": verify_command,
    "teardown": teardown_command,
    "restore": restore_command,
}
"""Commands with packages of their own; the others are below."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Stack = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")]


for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


@app.callback()
def main() -> None:
    """Know, check and operate the image store."""


@app.command("plan")
def plan_command(
    stack: Stack,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print every resource with its inputs as JSON.")] = False,
    as_tree: Annotated[bool, typer.Option("--tree", help="Print every resource below its parent.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Leave unknown what AWS has yet to decide.")] = False,
) -> None:
    """What a stack declares, found out by running the program without any cloud."""
    console = Console()
    declared = plan(stack, preview=preview)
    for warning in declared.warnings:
        Console(stderr=True).print(f"warning: {warning}", markup=False)
    if as_json:
        typer.echo(json.dumps(declared.to_json(), indent=2))
    else:
        console.print(terminal.tree(declared) if as_tree else terminal.table(declared))


@app.command("architecture")
def architecture_command(
    *,
    write: Annotated[bool, typer.Option("--write", help="Rewrite docs/architecture.md.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail, with a diff, if docs/architecture.md is old.")] = False,
) -> None:
    """The description of the system, with every name, port and period read from the plans of prod and dev."""
    _document(architecture.DOCUMENT, architecture.current(), write=write, check=check)


@app.command("controls")
def controls_command(
    *,
    write: Annotated[bool, typer.Option("--write", help="Rewrite docs/controls.md.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail, with a diff, if docs/controls.md is old.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all as JSON, with each resource's name.")] = False,
) -> None:
    """Each paragraph of HIPAA's Security Rule, the rules that support it, who answers for the rest, the evidence."""
    matrix = controls.current()
    if as_json:
        typer.echo(json.dumps(matrix.to_json(), indent=2))
    else:
        _document(controls.DOCUMENT, controls.document(matrix), write=write, check=check)


def _document(path: Path, rendered: str, *, write: bool, check: bool) -> None:
    """Prints a document, writes it, or fails if it is out of date."""
    if check:
        if changes := difference(path, rendered):
            typer.echo(changes, nl=False)
            typer.echo(f"Out of date; run `python -m ops {path.stem} --write`.", err=True)
            raise typer.Exit(1)
    elif write:
        path.write_text(rendered, encoding="utf-8")
    else:
        typer.echo(rendered, nl=False)


@app.command("review")
def review_command(
    stack: Stack,
    base: Annotated[str, typer.Option(help="Git reference that the change is compared with, such as origin/main.")],
    *,
    event_log: Annotated[
        Path | None, typer.Option("--events", help="Event log of a preview: what the engine itself would change.")
    ] = None,
    allow_stateful: Annotated[
        bool, typer.Option("--allow-stateful", help="Let resources that hold data be replaced or deleted.")
    ] = False,
) -> None:
    """What a change would do to a stack, as one Markdown comment. Exits 2 if data would be lost."""
    engine = events.read(event_log) if event_log else None
    before, after = reviews.plan_at(base, stack), plan(stack)
    cost = compare.change_since(base, before, after)
    found = reviews.review(before, after, engine=engine, allow_stateful=allow_stateful, cost=cost)
    typer.echo(reviews.markdown(found), nl=False)
    if found.blocked:
        raise typer.Exit(2)


@app.command("replay-splunk")
def replay_command(
    bucket: Annotated[str, typer.Option(help="Bucket of the failed events.")],
    source: Annotated[str, typer.Option(help="Folder of the source type, such as aws-cloudtrail.")],
    endpoint: Annotated[str, typer.Option(help="The setting logging.splunk.hec_endpoint.")],
    secret: Annotated[str, typer.Option(help="ARN of the source type's token.")],
    *,
    send: Annotated[bool, typer.Option("--send", help="Send; otherwise only say what would be sent.")] = False,
) -> None:
    """Send to Splunk what Firehose gave up on. Objects that Splunk acknowledged are tagged and never sent again."""
    import boto3  # noqa: PLC0415  slow to import, and no other command of these needs it

    collector = replay.Collector(endpoint, replay.token(boto3.client("secretsmanager"), secret)) if send else None
    report = replay.replay(boto3.client("s3"), bucket, source, collector)
    for key, number in report.sent.items():
        typer.echo(f"{'sent' if send else 'would send'} {number} events of {key}")
    typer.echo(f"{len(report.sent)} objects, {sum(report.sent.values())} events; {len(report.before)} sent before")


def run() -> None:
    """Runs the command line; what a person can put right is a message, not a traceback."""
    try:
        app()
    except ERRORS as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    run()
