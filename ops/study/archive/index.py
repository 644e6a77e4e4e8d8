"""What Orthanc's index knows, as its export tells: one line an attachment, sorted here by the key it must have."""

from __future__ import annotations

import gzip
import heapq
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ops.study.archive.clients import Clients
from ops.study.archive.errors import ArchiveError, explained
from ops.study.archive.place import Place
from ops.study.archive.target import Target

EXTENSIONS = {1: ".dcm", 2: ".json", 3: ".dcm.head"}
"""By Orthanc's type of attachment; every other type is .unk, and lies as Orthanc's S3 plugin named it.

https://orthanc.uclouvain.be/book/plugins/object-storage.html
"""
RUN_LINES = 20_000
"""Lines sorted in memory at a time; the sorted runs lie on disk until they are merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An attachment: its object's name below the image prefix, its size and MD5 as Orthanc stored it, whose it is."""

    name: str
    uuid: str
    type: int
    bytes: int
    md5: str
    instance: str | None
    series: str | None
    study: str | None


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An export: how many attachments, in which objects."""

    objects: int
    parts: tuple[str, ...]


def export(clients: Clients, target: Target, place: Place, folder: str) -> Exported:
    """Lets the stack's function write the index below `folder` of the archive; writing it again changes nothing."""
    payload = {"bucket": target.archive_bucket, "prefix": place.key(folder)}
    remedy = f"Look into the log of {target.index_function}, then run the same command again."
    with explained("exporting the index", remedy):
        answer = clients.functions.invoke(
            FunctionName=target.index_function, InvocationType="RequestResponse", Payload=json.dumps(payload).encode()
        )
        said = answer["Payload"].read()
    if answer.get("FunctionError"):
        why = said[:300].decode("utf-8", "replace")
        raise ArchiveError(f"exporting the index: the function failed: {why}. {remedy}")
    try:
        exported = json.loads(said)
        return Exported(objects=int(exported["objects"]), parts=tuple(exported["parts"]))
    except (ValueError, KeyError, TypeError):
        raise ArchiveError(f"exporting the index: {said[:200]!r} is no answer of the function. {remedy}") from None


def _parsed(text: bytes, where: str) -> Entry:
    try:
        line = json.loads(text)
        kind = int(line["type"])
        return Entry(
            name=f"{line['uuid']}{EXTENSIONS.get(kind, '.unk')}",
            uuid=line["uuid"],
            type=kind,
            bytes=int(line["bytes"]),
            md5=line["md5"],
            instance=line.get("instance"),
            series=line.get("series"),
            study=line.get("study"),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveError(
            f"{where}: {text[:100]!r} is no line of the index ({error}): deploy the index function of this version"
        ) from None


def _lines(place: Place, exported: Exported) -> Iterator[Entry]:
    found = 0
    for part in exported.parts:
        body = place.s3.get_object(Bucket=place.bucket, Key=part)["Body"]
        with gzip.GzipFile(fileobj=body) as file:
            for text in file:
                found += 1
                yield _parsed(text, part)
    if found != exported.objects:
        raise ArchiveError(
            f"the index export names {exported.objects} attachments and holds {found}: it was cut off; "
            "run `ops archive --again`"
        )


def entries(place: Place, exported: Exported, after: str = "") -> Iterator[tuple[str, Entry]]:
    """Every attachment whose object's name comes after `after`, sorted by that name, with memory for one run only."""
    with tempfile.TemporaryDirectory(prefix="index-") as scratch:
        files: list[IO[str]] = []
        batch: list[tuple[str, Entry]] = []
        with explained("reading the index"):
            for entry in _lines(place, exported):
                if entry.name > after:
                    batch.append((entry.name, entry))
                if len(batch) == RUN_LINES:
                    files.append(_spilled(batch, Path(scratch, str(len(files)))))
                    batch = []
        batch.sort(key=lambda pair: pair[0])
        try:
            yield from heapq.merge(batch, *map(_reread, files), key=lambda pair: pair[0])
        finally:
            for file in files:
                file.close()


FIELDS = ("name", "uuid", "type", "bytes", "md5", "instance", "series", "study")


def _spilled(batch: list[tuple[str, Entry]], path: Path) -> IO[str]:
    batch.sort(key=lambda pair: pair[0])
    file = path.open("w+", encoding="utf-8")
    file.writelines(json.dumps([getattr(entry, field) for field in FIELDS]) + "\n" for _, entry in batch)
    file.seek(0)
    return file


def _reread(file: IO[str]) -> Iterator[tuple[str, Entry]]:
    for text in file:
        entry = Entry(**dict(zip(FIELDS, json.loads(text), strict=True)))
        yield entry.name, entry


def attachment(entry: Entry | None) -> dict[str, Any]:
    """What a manifest line says of the attachment."""
    return {} if entry is None else {field: getattr(entry, field) for field in FIELDS if field not in {"name", "bytes"}}
