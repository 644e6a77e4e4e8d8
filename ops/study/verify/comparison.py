"""Compares what four sources say about a name: manifest, archive bucket, image bucket and index."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops.study.archive.index import IndexEntry
from ops.study.archive.listing import ListedKey
from ops.study.manifest.lines import Line
from ops.study.restore.requests import ObjectRecord

ARCHIVE_AGAIN = "run `ops archive --again`"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Which of the sources still exist besides manifest and archive."""

    images: bool
    index: bool


@dataclass(frozen=True, kw_only=True)
class CheckedName:
    """Result for one name. `line`: the manifest has it, and its bytes can be read. `extra`: only the archive has it."""

    name: str
    problems: tuple[str, ...] = ()
    line: Line | None = None
    record: ObjectRecord | None = None
    extra: bool = False


def unpack_row(sides: list[list[Any]]) -> tuple[Line | None, ListedKey | None, ListedKey | None, IndexEntry | None]:
    """Manifest line, key in the archive, key in the image bucket, and index entry."""
    line, archived, stored, known = (side[0] if side else None for side in sides)
    return line, archived, stored, known


def unlisted_problems(stored: ListedKey | None, known: IndexEntry | None) -> list[str]:
    """Problems with a name that is not in the manifest."""
    if stored is not None and not stored.deleted:
        return [f"it was added to the image bucket after the archive: {ARCHIVE_AGAIN}"]
    if known is not None:
        return [
            "the index lists it, the image bucket and the manifest do not: restore it from the backups, then "
            f"{ARCHIVE_AGAIN}"
        ]
    return []


def image_problems(line: Line, stored: ListedKey | None) -> list[str]:
    """Differences between image bucket and manifest."""
    if line.kind == "deleted":
        if stored is None or stored.deleted:
            return []
        return [f"it was deleted when the archive was made and exists again: {ARCHIVE_AGAIN}"]
    if stored is None or stored.deleted:
        how = "is gone from the image bucket" if stored is None else "is hidden by a delete marker in the image bucket"
        return [f"it {how}, but is in the archive: find out who deletes images, and restore it"]
    if stored.version != line.source_version:
        return [f"it was changed in the image bucket after the archive ({stored.size} bytes now): {ARCHIVE_AGAIN}"]
    return []


def index_problems(line: Line, known: IndexEntry | None) -> list[str]:
    """Differences between index and manifest."""
    if line.kind != "object":
        return [] if known is None else [f"the index lists it now, and did not when it was archived: {ARCHIVE_AGAIN}"]
    if known is None:
        return [f"the index no longer lists it: find out who deletes studies, and {ARCHIVE_AGAIN}"]
    if (known.bytes, known.md5, known.instance) != (line.bytes, line.md5, line.instance):
        return [f"its index entry has changed since it was archived: {ARCHIVE_AGAIN}"]
    return []


def archive_problems(line: Line, archived: ListedKey | None) -> list[str]:
    """Differences between the archive's listing and the manifest."""
    if archived is None:
        return [f"it is not in the archive: {ARCHIVE_AGAIN} while the images exist"]
    if archived.deleted:
        return [f"a delete marker hides it in the archive (version {line.version} still exists): remove the marker"]
    if archived.version != line.version:
        return [f"the archive has a newer version than the archived one ({line.version}): {ARCHIVE_AGAIN}"]
    return []


class Sample:
    """A uniform random sample of `size` lines from a stream of unknown length, the same for the same seed."""

    def __init__(self, size: int, seed: str) -> None:
        self.size, self.random = size, random.Random(seed)  # noqa: S311  statistics, not security
        self.heap: list[tuple[float, str, CheckedName]] = []

    def offer(self, checked: CheckedName) -> None:
        """Adds the line to the sample, or not."""
        item = (self.random.random(), checked.name, checked)
        if len(self.heap) < self.size:
            heapq.heappush(self.heap, item)
        elif self.size:
            heapq.heappushpop(self.heap, item)

    def lines(self) -> Iterator[CheckedName]:
        """The sample, sorted by name."""
        return (checked for _, _, checked in sorted(self.heap, key=lambda item: item[1]))


def earliest(first: datetime | None, second: datetime | None) -> datetime | None:
    """The earlier of two times, of which either can be unknown."""
    return min((time for time in (first, second) if time is not None), default=None)
