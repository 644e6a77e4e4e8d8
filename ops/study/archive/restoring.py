"""One study back as DICOM files, from the archive bucket alone: no stack, no index, no Orthanc."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from botocore.exceptions import FlexibleChecksumError

from ops.study.archive import manifest
from ops.study.archive.clients import Options
from ops.study.archive.copying import CHUNK
from ops.study.archive.errors import ArchiveError, StillRestoring, explained
from ops.study.archive.pace import Progress, Silent, Workers
from ops.study.archive.place import Place
from ops.study.archive.reading import Record, Waking, hours
from ops.study.archive.records import Line

UID = re.compile(r"[0-9.]{1,64}")
DICOM = 1
"""Orthanc's type of the attachment that is the DICOM file; the others are made from it."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """The files of a study. `before`: how many were there already, and right."""

    study: str
    to: Path
    files: int
    before: int
    bytes: int
    fingerprint: str


def places(s3: Any, bucket: str) -> list[str]:
    """Prefixes of the archives in a bucket: there may be several studies' and environments'."""
    found = []
    with explained("looking for archives"):
        for study in _folders(s3, bucket, "studies/"):
            for prefix in _folders(s3, bucket, study):
                if Place(s3, bucket, prefix).get(manifest.NAME):
                    found.append(prefix.rstrip("/"))
    return found


def only(s3: Any, bucket: str) -> str:
    """The prefix of the archive in a bucket that has one; ArchiveError that names them otherwise."""
    found = places(s3, bucket)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ArchiveError(f"s3://{bucket} has no complete archive: check the bucket's name and your account")
    raise ArchiveError(f"s3://{bucket} has several archives: add --prefix with one of {', '.join(found)}")


def _folders(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        for item in page.get("CommonPrefixes", ()):
            yield item["Prefix"]


class Restorer:
    """Brings the files of one study back, as far as they are awake."""

    def __init__(self, place: Place, study: str, to: Path, tier: str, days: int) -> None:
        self.place, self.study, self.to = place, study, to
        self.waking = Waking(place.s3, place.bucket, tier, days)

    def file(self, line: Line) -> Path:
        """Where the instance belongs: only UIDs make the path."""
        uids = (line.study or "", line.series or "", line.instance or "")
        if not all(UID.fullmatch(uid) and uid.strip(".") for uid in uids):
            raise ArchiveError(f"{line.key}: {uids} are no DICOM UIDs; take the object itself: {line.archive_key}")
        return self.to.joinpath(*uids[:2], f"{uids[2]}.dcm")

    def bring(self, item: tuple[Line, Path]) -> str:
        """Restores one object: `before`, `done` or `pending`."""
        line, path = item
        if path.is_file() and _right(path, line):
            return "before"
        head = self.place.s3.head_object(Bucket=self.place.bucket, Key=line.archive_key, VersionId=line.version)
        record = Record(restore=head.get("Restore", ""), storage_class=head.get("StorageClass", "STANDARD"))
        if not self.waking.awake(line, record):
            return "pending"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{path.name}.part")
        self._download(line, part)
        if not _right(part, line):
            raise ArchiveError(
                f"{line.archive_key} is not what the manifest says: left as {part}; restore the version "
                f"{line.version} from the bucket by hand, and report the damage"
            )
        part.replace(path)
        return "done"

    def _download(self, line: Line, part: Path) -> None:
        body = self.place.s3.get_object(Bucket=self.place.bucket, Key=line.archive_key, VersionId=line.version)["Body"]
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with suppress(FlexibleChecksumError):  # what was written is held against the manifest, which says more
                for chunk in body.iter_chunks(CHUNK):
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def _right(path: Path, line: Line) -> bool:
    if path.stat().st_size != line.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == line.sha256


def restore(
    place: Place,
    study: str,
    to: Path,
    options: Options,
    *,
    tier: str = "Standard",
    days: int = 7,
    fingerprint: str | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Restores the study as DIR/<StudyInstanceUID>/<SeriesInstanceUID>/<SOPInstanceUID>.dcm.

    StillRestoring while objects are on their way; the same call goes on. `fingerprint`: of the key that must have
    signed the manifest, as the study's papers have it.
    """
    progress = progress or Silent()
    found = manifest.read(place, None)
    if fingerprint and found.fingerprint != fingerprint:
        raise ArchiveError(
            f"the manifest is signed with the key {found.fingerprint}, not with {fingerprint}: do not trust it"
        )
    wait = hours(found.content["archive"]["storageClass"], tier)
    restorer = Restorer(place, study, to, tier, days)
    counts = {"before": 0, "done": 0, "pending": 0}
    size = 0
    with explained("restoring"), Workers(options.workers, options.rate, options.pause) as workers:
        lines = _instances(restorer, found, progress)
        while batch := list(islice(lines, options.part_objects)):
            for (line, _), what in zip(batch, workers.each(restorer.bring, batch), strict=True):
                counts[what] += 1
                size += line.bytes
                progress.advance(size=line.bytes)
    total = sum(counts.values())
    if not total:
        raise ArchiveError(
            f"the archive s3://{place.bucket}/{place.prefix} has no study {study}: "
            f"{place.key(found.content['studies']['name'])} lists those it has"
        )
    if counts["pending"]:
        raise StillRestoring(
            f"{total - counts['pending']} of {total} files are in {to}; {counts['pending']} are on their way back: "
            f"run the same command again in about {wait} h (and within {days} days after that)"
        )
    return Restored(
        study=study,
        to=to,
        files=total,
        before=counts["before"],
        bytes=size,
        fingerprint=found.fingerprint,
    )


def _instances(restorer: Restorer, found: manifest.Manifest, progress: Progress) -> Iterator[tuple[Line, Path]]:
    """The study's DICOM files, each with a place of its own."""
    progress.start("restoring")
    taken: set[Path] = set()
    for line in found.lines(restorer.place):
        if line.study == restorer.study and line.type == DICOM:
            path = restorer.file(line)
            if path in taken:  # the same UIDs under two patients
                path = path.with_stem(f"{path.stem}-{line.uuid}")
            taken.add(path)
            yield line, path
