"""Command line of `python -m ops verify`."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from ops.study.store.command_options import (
    JsonOption,
    OutputsOption,
    RateOption,
    StackOption,
    TakeOverOption,
    Tier,
    WorkersOption,
    exit_while_restoring,
    load_store,
    open_progress,
)
from ops.study.store.options import Options
from ops.study.verify.objects import ReadOptions
from ops.study.verify.verification import verify

MAX_PROBLEMS = 20
"""Problems that are printed; the report has more."""


class Source(StrEnum):
    """Where bytes are read."""

    IMAGES = "images"
    ARCHIVE = "archive"


def verify_command(
    stack: StackOption,
    *,
    outputs: OutputsOption = None,
    sample: Annotated[int, typer.Option(min=1, help="Number of random objects to read.")] = 300,
    full: Annotated[bool, typer.Option("--full", help="Read every object.")] = False,
    source: Annotated[
        Source, typer.Option("--from", help="Read the image bucket, or the archive after a restore.")
    ] = Source.IMAGES,
    tier: Annotated[Tier, typer.Option(help="Retrieval tier, with --from archive.")] = Tier.BULK,
    workers: WorkersOption = 32,
    rate: RateOption = None,
    take_over: TakeOverOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare every archived object with manifest, bucket and index, and read a sample. Exits 1 on any difference."""
    target, clients = load_store(stack, outputs, workers)
    options = Options(workers=workers, rate=rate, take_over=take_over)
    reading = ReadOptions(sample=None if full else sample, source=source.value, tier=tier.value)
    with open_progress(as_json) as progress, exit_while_restoring():
        report = verify(target, clients, options, reading, progress)
    typer.echo(json.dumps(report) if as_json else format_report(report))
    if not report["ok"]:
        raise typer.Exit(1)


def format_report(report: dict[str, Any]) -> str:
    """The report as text."""
    problems = "".join(f"\n  {problem}" for problem in report["problems"][:MAX_PROBLEMS])
    result = "verified" if report["ok"] else f"NOT verified, {report['problemCount']} problems:{problems}"
    return (
        f"{result}\n{report['objects']} objects, {report['bytes']} bytes, {report['files']} files: "
        f"{report['onRecord']}\n"
        f"{report['confidence']} (from {report['read']['from']})\n"
        f"image bucket: {report['imageBucket']}; index: {report['index']}; "
        f"retained until {report['retainedUntil']} at least\n"
        f"report: {report['report']}"
    )
