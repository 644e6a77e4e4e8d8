"""Compares every object of the image bucket with the index and copies it; writes the manifest's parts.

A part is written once all its objects are in the archive. After a run is killed, the next one keeps the existing parts,
and copies of the interrupted part only what is not in the archive yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ops.study.archive import index
from ops.study.archive.copying import copy_object, find_copy
from ops.study.archive.index import IndexEntry, IndexExport
from ops.study.archive.listing import ListedKey, list_keys, merge_by_name
from ops.study.manifest.lines import Line, pack, unpack
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.errors import explain_failure
from ops.study.store.lock import Lock
from ops.study.store.options import Options
from ops.study.store.progress import Progress
from ops.study.store.target import Target
from ops.study.store.workers import Workers

FOLDER = "objects/"
Row = tuple[str, list[list[Any]]]


def parts_folder(run: str) -> str:
    """Folder of a run's parts."""
    return f"runs/{run}/parts/"


class ObjectCopier:
    """Copies the objects that a run has not copied yet."""

    def __init__(self, target: Target, clients: Clients, options: Options, run: str) -> None:
        self.target, self.clients, self.options, self.run = target, clients, options, run
        self.store = ArchiveStore.for_target(target, clients.s3)

    def copy_all(self, export: IndexExport, lock: Lock, progress: Progress) -> None:
        """Goes through bucket, index and archive together, from the end of the last part."""
        number, after, done = self._read_position()
        progress.start("copying", max(export.objects, done))
        progress.advance(done)
        with (
            Workers(self.options.workers, self.options.rate, self.options.pause) as workers,
            explain_failure("copying objects"),
        ):
            rows = self._rows(export, after)
            while batch := list(islice(rows, self.options.part_objects)):
                lines = []
                for line in workers.map(self._archive_row, batch):
                    lines.append(line)
                    progress.advance(size=line.bytes)
                number += 1
                lock.check()
                self.store.put(f"{parts_folder(self.run)}{number:06d}.jsonl.gz", pack(lines))

    def _read_position(self) -> tuple[int, str, int]:
        """Number of the last part, its last name, and the number of lines up to it."""
        with explain_failure("reading the parts of the run"):
            names = list(self.store.names(parts_folder(self.run)))
            if not names:
                return 0, "", 0
            last = list(unpack(self.store.require(names[-1])))
        name = last[-1].key.removeprefix(self.target.images)
        return len(names), name, (len(names) - 1) * self.options.part_objects + len(last)

    def _rows(self, export: IndexExport, after: str) -> Iterator[Row]:
        images, copies = self.target.images, self.store.key(FOLDER)
        rows = merge_by_name(
            _pair_with_names(
                list_keys(self.clients.s3, self.target.image_bucket, images, after and images + after), images
            ),
            index.entries(self.store, export, after),
            _pair_with_names(
                list_keys(self.clients.s3, self.target.archive_bucket, copies, after and copies + after), copies
            ),
        )
        # A name that only the archive has comes from an earlier run and gets no line; `verify` reports it.
        return (row for row in rows if row[1][0] or row[1][1])

    def _archive_row(self, row: Row) -> Line:
        """Copies the object of a name unless there is a problem; its line."""
        name, (stored, known, copies) = row
        source: ListedKey | None = stored[0] if stored else None
        entry: IndexEntry | None = known[0] if known else None
        line = classify_key(self.target.images + name, source, known)
        if source is None or source.deleted:
            return line
        archive_key = self.store.key(FOLDER) + name
        copy = find_copy(self.clients, self.target, self.options, source, copies[0]) if copies else None
        copy = copy or copy_object(self.clients, self.target, self.options, source, archive_key)
        return Line(
            kind=line.kind,
            problem=line.problem,
            key=line.key,
            archive_key=archive_key,
            version=copy.version,
            source_version=source.version,
            bytes=source.size,
            sha256=copy.sha256,
            composite=copy.composite,
            noncurrent=source.noncurrent,
            markers=source.markers,
            **index.attachment_fields(entry),
        )


def classify_key(key: str, source: ListedKey | None, known: list[IndexEntry]) -> Line:
    """The line of a key by bucket and index, before anything is copied."""
    older, markers = (source.noncurrent, source.markers) if source else (0, 0)
    if len(known) > 1:
        return Line(
            kind="twice",
            key=key,
            problem="the index lists it twice: export the index again",
            noncurrent=older,
            markers=markers,
        )
    if source is None:
        why = "the index lists it, but the bucket does not have it: restore it from the copies or the backups"
        return Line(kind="missing", key=key, problem=why)
    if source.deleted:
        if not known:
            return Line(kind="deleted", key=key, noncurrent=older, markers=markers)
        why = "the index lists it, but a delete marker hides it: remove the marker, so that it can be read again"
        return Line(kind="hidden", key=key, problem=why, noncurrent=older, markers=markers)
    if known and known[0].bytes != source.size:
        why = f"the index says {known[0].bytes} bytes, the bucket has {source.size}: look at its older versions"
        return Line(kind="differs", key=key, problem=why, noncurrent=older, markers=markers)
    return Line(kind="object" if known else "orphan", key=key, noncurrent=older, markers=markers)


def _pair_with_names(keys: Iterator[ListedKey], prefix: str) -> Iterator[tuple[str, ListedKey]]:
    return ((item.key.removeprefix(prefix), item) for item in keys)
