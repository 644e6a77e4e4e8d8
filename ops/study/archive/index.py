"""Export of Orthanc's index: one line for each attachment, sorted here by the key of its object."""

from __future__ import annotations

import gzip
import heapq
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError, explain_failure
from ops.study.store.target import Target

EXTENSIONS = {1: ".dcm", 2: ".json", 3: ".dcm.head"}
"""Extensions of Orthanc's S3 plugin, by type of attachment; all other types have .unk.

https://orthanc.uclouvain.be/book/plugins/object-storage.html
"""
RUN_LINES = 20_000
"""Lines sorted in memory at a time; the sorted runs are files until they are merged."""
FIELDS = ("name", "uuid", "type", "bytes", "md5", "instance", "series", "study")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """An attachment: its object's name below the image prefix, its size and MD5 when it was stored, its UIDs."""

    name: str
    uuid: str
    type: int
    bytes: int
    md5: str
    instance: str | None
    series: str | None
    study: str | None


@dataclass(frozen=True, kw_only=True)
class IndexExport:
    """An export: the number of attachments, and the keys of its parts."""

    objects: int
    parts: tuple[str, ...]


def export_index(clients: Clients, target: Target, store: ArchiveStore, folder: str) -> IndexExport:
    """Invokes the function that writes the index below `folder`. Repeating it changes nothing."""
    payload = {"bucket": target.archive_bucket, "prefix": store.key(folder)}
    remedy = f"Read the log of {target.index_function}, then run the same command again."
    with explain_failure("exporting the index", remedy):
        answer = clients.functions.invoke(
            FunctionName=target.index_function or "",
            InvocationType="RequestResponse",
            Payload=json.dumps(payload).encode(),
        )
        body = answer["Payload"].read()
    if answer.get("FunctionError"):
        why = body[:300].decode("utf-8", "replace")
        raise ArchiveError(f"exporting the index: the function failed: {why}. {remedy}")
    try:
        exported = json.loads(body)
        return IndexExport(objects=int(exported["objects"]), parts=tuple(exported["parts"]))
    except (ValueError, KeyError, TypeError):
        raise ArchiveError(
            f"exporting the index: the function gave an unexpected answer: {body[:200]!r}. {remedy}"
        ) from None


def _parse_entry(text: bytes, part: str) -> IndexEntry:
    try:
        line = json.loads(text)
        kind = int(line["type"])
        return IndexEntry(
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
            f"{part}: {text[:100]!r} is not a line of the index ({error}): deploy the index function of this version"
        ) from None


def _read_entries(store: ArchiveStore, export: IndexExport) -> Iterator[IndexEntry]:
    count = 0
    for part in export.parts:
        body = store.s3.get_object(Bucket=store.bucket, Key=part)["Body"]
        with gzip.GzipFile(fileobj=body) as file:
            for text in file:
                count += 1
                yield _parse_entry(text, part)
    if count != export.objects:
        raise ArchiveError(
            f"the index export should have {export.objects} attachments and has {count}: it was cut off; "
            "run `ops archive --again`"
        )


def entries(store: ArchiveStore, export: IndexExport, after: str = "") -> Iterator[tuple[str, IndexEntry]]:
    """Attachments whose object's name sorts after `after`, sorted by name. Only one run is in memory."""
    with tempfile.TemporaryDirectory(prefix="index-") as scratch:
        files: list[IO[str]] = []
        batch: list[tuple[str, IndexEntry]] = []
        with explain_failure("reading the index"):
            for entry in _read_entries(store, export):
                if entry.name > after:
                    batch.append((entry.name, entry))
                if len(batch) == RUN_LINES:
                    files.append(_write_run(batch, Path(scratch, str(len(files)))))
                    batch = []
        batch.sort(key=lambda pair: pair[0])
        try:
            yield from heapq.merge(batch, *map(_read_run, files), key=lambda pair: pair[0])
        finally:
            for file in files:
                file.close()


def _write_run(batch: list[tuple[str, IndexEntry]], path: Path) -> IO[str]:
    batch.sort(key=lambda pair: pair[0])
    file = path.open("w+", encoding="utf-8")
    file.writelines(json.dumps([getattr(entry, field) for field in FIELDS]) + "\n" for _, entry in batch)
    file.seek(0)
    return file


def _read_run(file: IO[str]) -> Iterator[tuple[str, IndexEntry]]:
    for text in file:
        entry = IndexEntry(**dict(zip(FIELDS, json.loads(text), strict=True)))
        yield entry.name, entry


def attachment_fields(entry: IndexEntry | None) -> dict[str, Any]:
    """Fields of a manifest line that come from the index."""
    return {} if entry is None else {field: getattr(entry, field) for field in FIELDS if field not in {"name", "bytes"}}
