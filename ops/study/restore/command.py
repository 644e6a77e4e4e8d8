"""Command line of `python -m ops restore`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ops.study.restore.restoration import only_archive_prefix, restore
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.command_options import JsonOption, Tier, WorkersOption, exit_while_restoring, open_progress
from ops.study.store.options import Options


def restore_command(
    bucket: Annotated[str, typer.Option(help="The archive bucket.")],
    study: Annotated[str, typer.Option(help="StudyInstanceUID.")],
    to: Annotated[Path, typer.Option(help="Directory for <StudyUID>/<SeriesUID>/<SOPInstanceUID>.dcm.")],
    *,
    prefix: Annotated[str | None, typer.Option(help="Prefix of the archive, if the bucket has several.")] = None,
    region: Annotated[str, typer.Option(envvar="AWS_REGION", help="Region of the bucket.")] = "us-east-1",
    tier: Annotated[Tier, typer.Option(help="Standard takes 12 h, Bulk 48 h at a fraction of the price.")] = (
        Tier.STANDARD
    ),
    days: Annotated[int, typer.Option(min=1, help="Days that restored objects stay readable.")] = 7,
    fingerprint: Annotated[
        str | None, typer.Option(help="Fingerprint of the signing key, from the study's records.")
    ] = None,
    workers: WorkersOption = 32,
    as_json: JsonOption = False,
) -> None:
    """Restore one study as DICOM files, from the archive alone. Exits 75 while S3 is restoring objects."""
    s3 = Clients.for_region(region, workers=workers).s3
    store = ArchiveStore(s3, bucket, prefix or only_archive_prefix(s3, bucket))
    options = Options(workers=workers)
    with open_progress(as_json) as progress, exit_while_restoring():
        restored = restore(
            store, study, to, options, tier=tier.value, days=days, fingerprint=fingerprint, progress=progress
        )
    if as_json:
        typer.echo(json.dumps({**vars(restored), "to": str(restored.to)}))
        return
    typer.echo(f"{restored.files} files, {restored.bytes} bytes in {restored.to}; each has the manifest's SHA-256")
    if fingerprint is None:
        typer.echo(f"the manifest is signed with the key {restored.fingerprint}: compare it with the study's records")
