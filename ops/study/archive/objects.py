"""Every object of the image bucket, held against the index and copied; the manifest's parts are also the journal.

A part is written once all its objects are in the archive. After a kill, the parts that exist are taken as they are,
and of the part that was cut off only what is not in the archive yet is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ops.study.archive import index, records
from ops.study.archive.clients import Clients, Options
from ops.study.archive.copying import copy, found
from ops.study.archive.errors import explained
from ops.study.archive.index import Entry, Exported
from ops.study.archive.listing import Listed, joined, listed
from ops.study.archive.lock import Lock
from ops.study.archive.pace import Progress, Workers
from ops.study.archive.place import Place
from ops.study.archive.records import Line
from ops.study.archive.target import Target

FOLDER = "objects/"
Row = tuple[str, list[list[Any]]]


def parts_folder(run: str) -> str:
    """Where a run's parts are."""
    return f"runs/{run}/parts/"


class Archiver:
    """Copies what one run has not copied yet."""

    def __init__(self, target: Target, clients: Clients, options: Options, run: str) -> None:
        self.target, self.clients, self.options, self.run = target, clients, options, run
        self.place = Place.of(target, clients.s3)

    def work(self, exported: Exported, lock: Lock, progress: Progress) -> None:
        """Goes through bucket, index and archive at once, from where the last part ends."""
        number, after, done = self._resumed()
        progress.start("copying", max(exported.objects, done))
        progress.advance(done)
        with (
            Workers(self.options.workers, self.options.rate, self.options.pause) as workers,
            explained("copying objects"),
        ):
            rows = self._rows(exported, after)
            while batch := list(islice(rows, self.options.part_objects)):
                lines = []
                for line in workers.each(self._archived, batch):
                    lines.append(line)
                    progress.advance(size=line.bytes)
                number += 1
                lock.check()
                self.place.put(f"{parts_folder(self.run)}{number:06d}.jsonl.gz", records.pack(lines))

    def _resumed(self) -> tuple[int, str, int]:
        """Number of the last part, the name that it ends with, and how many lines there are up to it."""
        with explained("reading how far the run came"):
            names = list(self.place.names(parts_folder(self.run)))
            if not names:
                return 0, "", 0
            last = list(records.unpack(self.place.need(names[-1])))
        name = last[-1].key.removeprefix(self.target.images)
        return len(names), name, (len(names) - 1) * self.options.part_objects + len(last)

    def _rows(self, exported: Exported, after: str) -> Iterator[Row]:
        images, copies = self.target.images, self.place.key(FOLDER)
        rows = joined(
            _named(listed(self.clients.s3, self.target.image_bucket, images, after and images + after), images),
            index.entries(self.place, exported, after),
            _named(listed(self.clients.s3, self.target.archive_bucket, copies, after and copies + after), copies),
        )
        # A name that only the archive has is of an earlier run, and no line of this one; `verify` tells of it.
        return (row for row in rows if row[1][0] or row[1][1])

    def _archived(self, row: Row) -> Line:
        """The line of a name; its object is in the archive then, unless the line is a problem."""
        name, (stored, known, copies) = row
        source: Listed | None = stored[0] if stored else None
        entry: Entry | None = known[0] if known else None
        line = judged(self.target.images + name, source, known)
        if source is None or source.deleted:
            return line
        archive_key = self.place.key(FOLDER) + name
        made = found(self.clients, self.target, self.options, source, copies[0]) if copies else None
        made = made or copy(self.clients, self.target, self.options, source, archive_key)
        return Line(
            kind=line.kind,
            problem=line.problem,
            key=line.key,
            archive_key=archive_key,
            version=made.version,
            source_version=source.version,
            bytes=source.size,
            sha256=made.sha256,
            composite=made.composite,
            noncurrent=source.noncurrent,
            markers=source.markers,
            **index.attachment(entry),
        )


def judged(key: str, source: Listed | None, known: list[Entry]) -> Line:
    """What bucket and index say of a key, before anything is copied."""
    counts: dict[str, Any] = {"noncurrent": source.noncurrent, "markers": source.markers} if source else {}
    if len(known) > 1:
        return Line(kind="twice", key=key, problem="the index names it twice: export the index again", **counts)
    if source is None:
        why = "the index knows it, and the bucket does not have it: find it in the copies or the backups"
        return Line(kind="missing", key=key, problem=why)
    if source.deleted:
        if not known:
            return Line(kind="deleted", key=key, **counts)
        why = "the index knows it, and a delete marker hides it: remove the marker, so that it can be read again"
        return Line(kind="hidden", key=key, problem=why, **counts)
    if known and known[0].bytes != source.size:
        why = f"the index says {known[0].bytes} bytes, the bucket has {source.size}: find it in the older versions"
        return Line(kind="differs", key=key, problem=why, **counts)
    return Line(kind="object" if known else "orphan", key=key, **counts)


def _named(keys: Iterator[Listed], prefix: str) -> Iterator[tuple[str, Listed]]:
    return ((item.key.removeprefix(prefix), item) for item in keys)
