"""Restores one study as DICOM files from the archive bucket; it needs no stack, no index and no Orthanc."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import FlexibleChecksumError

from ops.study.manifest import manifest
from ops.study.manifest.lines import Line
from ops.study.manifest.manifest import Manifest
from ops.study.restore.requests import ObjectRecord, RestoreRequests, retrieval_hours
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.checksums import CHUNK
from ops.study.store.errors import ArchiveError, StillRestoring, explain_failure
from ops.study.store.options import Options
from ops.study.store.progress import NoProgress, Progress
from ops.study.store.workers import Workers

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import TierType

UID = re.compile(r"[0-9.]{1,64}")
DICOM = 1
"""Orthanc's type of the attachment that is the DICOM file; Orthanc derives the others from it."""


@dataclass(frozen=True, kw_only=True)
class RestoredStudy:
    """The files of a study. `before`: how many existed already with the right checksum."""

    study: str
    to: Path
    files: int
    before: int
    bytes: int
    fingerprint: str


def archive_prefixes(s3: S3Client, bucket: str) -> list[str]:
    """Prefixes of the complete archives in a bucket, which can have those of several studies and environments."""
    prefixes = []
    with explain_failure("looking for archives"):
        for study in _list_folders(s3, bucket, "studies/"):
            for prefix in _list_folders(s3, bucket, study):
                if ArchiveStore(s3, bucket, prefix).get(manifest.NAME):
                    prefixes.append(prefix.rstrip("/"))
    return prefixes


def only_archive_prefix(s3: S3Client, bucket: str) -> str:
    """The prefix of the bucket's only archive; ArchiveError, with their prefixes, if there are several."""
    prefixes = archive_prefixes(s3, bucket)
    if len(prefixes) == 1:
        return prefixes[0]
    if not prefixes:
        raise ArchiveError(f"s3://{bucket} has no complete archive: check the bucket's name and your account")
    raise ArchiveError(f"s3://{bucket} has several archives: add --prefix with one of {', '.join(prefixes)}")


def _list_folders(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        for item in page.get("CommonPrefixes", ()):
            yield item["Prefix"]


class StudyRestorer:
    """Downloads the files of one study that S3 has restored, and requests the others."""

    def __init__(self, store: ArchiveStore, study: str, to: Path, tier: TierType, days: int) -> None:
        self.store, self.study, self.to = store, study, to
        self.requests = RestoreRequests(store.s3, store.bucket, tier, days)

    def file_path(self, line: Line) -> Path:
        """Path of an instance's file; ArchiveError unless it consists of UIDs only."""
        uids = (line.study or "", line.series or "", line.instance or "")
        if not all(UID.fullmatch(uid) and uid.strip(".") for uid in uids):
            raise ArchiveError(f"{line.key}: {uids} are no DICOM UIDs; download the object itself: {line.archive_key}")
        return self.to.joinpath(*uids[:2], f"{uids[2]}.dcm")

    def restore_file(self, item: tuple[Line, Path]) -> str:
        """Restores one file: `before`, `done` or `pending`."""
        line, path = item
        if path.is_file() and _is_intact(path, line):
            return "before"
        head = self.store.s3.head_object(
            Bucket=self.store.bucket, Key=line.archive_key or "", VersionId=line.version or ""
        )
        record = ObjectRecord(restore=head.get("Restore", ""), storage_class=head.get("StorageClass", "STANDARD"))
        if not self.requests.is_restored(line, record):
            return "pending"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{path.name}.part")
        self._download(line, part)
        if not _is_intact(part, line):
            raise ArchiveError(
                f"{line.archive_key} does not match the manifest, and is kept as {part}: restore the version "
                f"{line.version} from the bucket by hand, and report the damage"
            )
        part.replace(path)
        return "done"

    def _download(self, line: Line, part: Path) -> None:
        body = self.store.s3.get_object(
            Bucket=self.store.bucket, Key=line.archive_key or "", VersionId=line.version or ""
        )["Body"]
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with suppress(FlexibleChecksumError):  # the caller compares the file with the manifest, which is stricter
                for chunk in body.iter_chunks(CHUNK):
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def _is_intact(path: Path, line: Line) -> bool:
    if path.stat().st_size != line.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == line.sha256


def restore(
    store: ArchiveStore,
    study: str,
    to: Path,
    options: Options,
    *,
    tier: TierType = "Standard",
    days: int = 7,
    fingerprint: str | None = None,
    progress: Progress | None = None,
) -> RestoredStudy:
    """Restores the study as DIR/<StudyInstanceUID>/<SeriesInstanceUID>/<SOPInstanceUID>.dcm.

    StillRestoring until S3 has restored all objects; calling it again continues. `fingerprint`: of the key that must
    have signed the manifest, from the study's records.
    """
    progress = progress or NoProgress()
    archived = manifest.read(store, None)
    if fingerprint and archived.fingerprint != fingerprint:
        raise ArchiveError(
            f"the manifest is signed with the key {archived.fingerprint}, not with {fingerprint}: do not trust it"
        )
    hours = retrieval_hours(archived.content["archive"]["storageClass"], tier)
    restorer = StudyRestorer(store, study, to, tier, days)
    counts = {"before": 0, "done": 0, "pending": 0}
    size = 0
    with explain_failure("restoring"), Workers(options.workers, options.rate, options.pause) as workers:
        files = _list_files(restorer, archived, progress)
        while batch := list(islice(files, options.part_objects)):
            for (line, _), result in zip(batch, workers.map(restorer.restore_file, batch), strict=True):
                counts[result] += 1
                size += line.bytes
                progress.advance(size=line.bytes)
    total = sum(counts.values())
    if not total:
        raise ArchiveError(
            f"the archive s3://{store.bucket}/{store.prefix} has no study {study}: "
            f"{store.key(archived.content['studies']['name'])} lists its studies"
        )
    if counts["pending"]:
        raise StillRestoring(
            f"{total - counts['pending']} of {total} files are in {to}; S3 is restoring {counts['pending']}: "
            f"run the same command again in about {hours} h (and within {days} days after that)"
        )
    return RestoredStudy(
        study=study,
        to=to,
        files=total,
        before=counts["before"],
        bytes=size,
        fingerprint=archived.fingerprint,
    )


def _list_files(restorer: StudyRestorer, archived: Manifest, progress: Progress) -> Iterator[tuple[Line, Path]]:
    """The study's DICOM files, each with a path of its own."""
    progress.start("restoring")
    paths: set[Path] = set()
    for line in archived.lines(restorer.store):
        if line.study == restorer.study and line.type == DICOM:
            path = restorer.file_path(line)
            if path in paths:  # two patients can have the same UIDs
                path = path.with_stem(f"{path.stem}-{line.uuid}")
            paths.add(path)
            yield line, path
