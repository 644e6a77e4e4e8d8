"""`python -m ops archive`, `verify` and `restore`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ops.study.archive import Clients, Target

STILL_RESTORING = 75
"""Exit code, EX_TEMPFAIL: nothing is wrong, and it is too early."""

SHOWN = 20
"""Problems that are printed; the report has more."""

Stack = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")]
Outputs = Annotated[
    Path | None,
    typer.Option(help="The stack's outputs as JSON (`pulumi stack output --json`), where Pulumi is not at hand."),
]
Threads = Annotated[int, typer.Option("--workers", min=1, max=256, help="Requests at the same time.")]
Rate = Annotated[float | None, typer.Option(min=0.1, help="At most so many objects a second.")]
TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Go on though a run that was killed, 15 minutes ago or more, has the lock.")
]
Poll = Annotated[float, typer.Option(min=0, help="Seconds between two looks at what AWS does.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and no progress.")]


class Tier(StrEnum):
    """How fast DEEP_ARCHIVE gives back: Bulk 48 h, Standard 12 h; Expedited is for other classes."""

    BULK = "Bulk"
    STANDARD = "Standard"
    EXPEDITED = "Expedited"


class From(StrEnum):
    """Where bytes are read."""

    IMAGES = "images"
    ARCHIVE = "archive"


def archive_command(
    stack: Stack,
    *,
    outputs: Outputs = None,
    workers: Threads = 32,
    rate: Rate = None,
    take_over: TakeOver = False,
    poll: Poll = 20,
    again: Annotated[bool, typer.Option("--again", help="Begin a new run, whatever the last one came to.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy images, index, database and logs into the archive, and sign what is there. May be run again at any time."""
    from ops.study import archive  # noqa: PLC0415  boto3 is slow to import

    target, clients = _store(stack, outputs, workers)
    options = archive.Options(
        workers=workers, rate=rate, take_over=take_over, again=again, poll_seconds=poll, commit=_commit()
    )
    with _progress(as_json) as progress:
        done = archive.archive(target, clients, options, progress)
    if as_json:
        typer.echo(json.dumps(done.to_json()))
        return
    typer.echo(
        f"{'already archived' if done.before else 'archived'}: {done.objects} objects, {done.bytes} bytes, "
        f"{done.studies} studies, {done.files} files of index, database and logs (run {done.run})\n"
        f"{done.orphans} of the objects are unknown to the index; {done.noncurrent} older versions and "
        f"{done.markers} delete markers were left where they are\n"
        f"manifest: SHA-256 {done.manifest_sha256}\n"
        f"signed with the key {done.fingerprint} (write this down in the study's papers)\n"
        f"next: python -m ops verify --stack {stack}"
    )


def verify_command(
    stack: Stack,
    *,
    outputs: Outputs = None,
    sample: Annotated[int, typer.Option(min=1, help="Read so many objects, chosen at random.")] = 300,
    full: Annotated[bool, typer.Option("--full", help="Read every object.")] = False,
    source: Annotated[From, typer.Option("--from", help="Read the image bucket, or the archive after a restore.")] = (
        From.IMAGES
    ),
    tier: Annotated[Tier, typer.Option(help="Of restores, with --from archive.")] = Tier.BULK,
    workers: Threads = 32,
    rate: Rate = None,
    take_over: TakeOver = False,
    as_json: AsJson = False,
) -> None:
    """Compare every archived object with manifest, bucket and index, and read a sample. Exits 1 on any difference."""
    from ops.study import archive  # noqa: PLC0415  boto3 is slow to import

    target, clients = _store(stack, outputs, workers)
    options = archive.Options(workers=workers, rate=rate, take_over=take_over)
    reading = archive.Reading(sample=None if full else sample, source=source.value, tier=tier.value)
    with _progress(as_json) as progress, _patience():
        said = archive.verify(target, clients, options, reading, progress)
    typer.echo(json.dumps(said) if as_json else _told(said))
    if not said["ok"]:
        raise typer.Exit(1)


def restore_command(
    bucket: Annotated[str, typer.Option(help="The archive bucket.")],
    study: Annotated[str, typer.Option(help="StudyInstanceUID.")],
    to: Annotated[Path, typer.Option(help="Directory for <StudyUID>/<SeriesUID>/<SOPInstanceUID>.dcm.")],
    *,
    prefix: Annotated[str | None, typer.Option(help="The archive within the bucket, if there are several.")] = None,
    region: Annotated[str, typer.Option(envvar="AWS_REGION", help="Region of the bucket.")] = "us-east-1",
    tier: Annotated[Tier, typer.Option(help="Standard takes 12 h, Bulk 48 h at a fraction of the price.")] = (
        Tier.STANDARD
    ),
    days: Annotated[int, typer.Option(min=1, help="How long restored objects stay readable.")] = 7,
    fingerprint: Annotated[
        str | None, typer.Option(help="Of the key that signed the archive, from the study's papers.")
    ] = None,
    workers: Threads = 32,
    as_json: AsJson = False,
) -> None:
    """Get one study back as DICOM files, from the archive alone. Exits 75 while objects are on their way."""
    from ops.study import archive  # noqa: PLC0415  boto3 is slow to import
    from ops.study.archive.place import Place  # noqa: PLC0415
    from ops.study.archive.restoring import only  # noqa: PLC0415

    s3 = archive.Clients.of(region, workers=workers).s3
    place = Place(s3, bucket, prefix or only(s3, bucket))
    options = archive.Options(workers=workers)
    with _progress(as_json) as progress, _patience():
        done = archive.restore(
            place, study, to, options, tier=tier.value, days=days, fingerprint=fingerprint, progress=progress
        )
    if as_json:
        typer.echo(json.dumps({**vars(done), "to": str(done.to)}))
        return
    typer.echo(f"{done.files} files, {done.bytes} bytes in {done.to}; each has the SHA-256 that the manifest names")
    if fingerprint is None:
        typer.echo(f"the manifest is signed with the key {done.fingerprint}: compare it with the study's papers")


def _store(stack: str, outputs: Path | None, workers: int) -> tuple[Target, Clients]:
    from ops.study import archive  # noqa: PLC0415  boto3 is slow to import

    target = archive.Target.of(_outputs(stack, outputs))
    return target, archive.Clients.of(target.region, workers=workers)


def _outputs(stack: str, path: Path | None) -> dict[str, Any]:
    from ops.study.archive import ArchiveError  # noqa: PLC0415

    try:
        if path is not None:
            return json.loads(path.read_text(encoding="utf-8"))
        command = ["pulumi", "stack", "output", "--json", "--stack", stack]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
        if answer.returncode:
            raise ArchiveError(f"the outputs of {stack} cannot be read: {answer.stderr.strip()}")
        return json.loads(answer.stdout)
    except (OSError, ValueError) as error:
        raise ArchiveError(
            f"the outputs of {stack} cannot be read ({error}): sign in to Pulumi, or name them with --outputs"
        ) from error


def _commit() -> str:
    try:
        answer = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return "unknown"
    return answer.stdout.strip() or "unknown"


def _progress(as_json: bool) -> Any:  # noqa: FBT001
    from ops.study.archive.bars import Bars  # noqa: PLC0415
    from ops.study.archive.pace import Silent  # noqa: PLC0415

    return nullcontext(Silent()) if as_json else Bars()


@contextmanager
def _patience() -> Generator[None]:
    """Says that it is too early, and exits so that a script knows."""
    from ops.study.archive import StillRestoring  # noqa: PLC0415

    try:
        yield
    except StillRestoring as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(STILL_RESTORING) from None


def _told(said: dict[str, Any]) -> str:
    named = "".join(f"\n  {problem}" for problem in said["problems"][:SHOWN])
    verdict = "verified" if said["ok"] else f"NOT verified, {said['problemCount']} problems:{named}"
    return (
        f"{verdict}\n{said['objects']} objects, {said['bytes']} bytes, {said['files']} files: {said['onRecord']}\n"
        f"{said['confidence']} (from {said['read']['from']})\n"
        f"image bucket: {said['imageBucket']}; index: {said['index']}; kept until {said['retainedUntil']} at least\n"
        f"report: {said['report']}"
    )
