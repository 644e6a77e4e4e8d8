"""Command line of `python -m ops archive`."""

from __future__ import annotations

import json
import subprocess
from typing import Annotated

import typer

from ops.study.archive.run import archive
from ops.study.store.command_options import (
    JsonOption,
    OutputsOption,
    RateOption,
    StackOption,
    TakeOverOption,
    WorkersOption,
    load_store,
    open_progress,
)
from ops.study.store.options import Options


def archive_command(
    stack: StackOption,
    *,
    outputs: OutputsOption = None,
    workers: WorkersOption = 32,
    rate: RateOption = None,
    take_over: TakeOverOption = False,
    poll: Annotated[float, typer.Option(min=0, help="Seconds between two polls of AWS.")] = 20,
    again: Annotated[
        bool, typer.Option("--again", help="Start a new run, whatever the result of the last one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy images, index, database and logs into the archive, and sign its manifest. Can be run again at any time."""
    target, clients = load_store(stack, outputs, workers)
    options = Options(
        workers=workers, rate=rate, take_over=take_over, again=again, poll_seconds=poll, commit=_read_commit()
    )
    with open_progress(as_json) as progress:
        report = archive(target, clients, options, progress)
    if as_json:
        typer.echo(json.dumps(report.to_json()))
        return
    typer.echo(
        f"{'already archived' if report.before else 'archived'}: {report.objects} objects, {report.bytes} bytes, "
        f"{report.studies} studies, {report.files} files of index, database and logs (run {report.run})\n"
        f"{report.orphans} of the objects are not in the index; {report.noncurrent} older versions and "
        f"{report.markers} delete markers were not copied\n"
        f"manifest: SHA-256 {report.manifest_sha256}\n"
        f"signed with the key {report.fingerprint} (write this down in the study's records)\n"
        f"next: python -m ops verify --stack {stack}"
    )


def _read_commit() -> str:
    try:
        answer = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return "unknown"
    return answer.stdout.strip() or "unknown"
