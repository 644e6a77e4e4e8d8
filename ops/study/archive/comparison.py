"""One name, four witnesses: manifest, archive bucket, image bucket and index; what they say against each other."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops.study.archive.index import Entry
from ops.study.archive.listing import Listed
from ops.study.archive.reading import Record
from ops.study.archive.records import Line

AGAIN = "run `ops archive --again`"


@dataclass(frozen=True, kw_only=True)
class Witnesses:
    """Which of the witnesses can still be asked."""

    images: bool
    index: bool


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A name after its check. `line`: it is in the manifest, and its bytes may be read."""

    name: str
    problems: tuple[str, ...] = ()
    line: Line | None = None
    record: Record | None = None
    extra: bool = False


def row(sides: list[list[Any]]) -> tuple[Line | None, Listed | None, Listed | None, Entry | None]:
    """Manifest line, archived, stored and known."""
    line, archived, stored, known = (side[0] if side else None for side in sides)
    return line, archived, stored, known


def unarchived(stored: Listed | None, known: Entry | None) -> list[str]:
    """What is wrong with a name that the manifest does not have."""
    if stored is not None and not stored.deleted:
        return [f"it was added to the image bucket after the archive: {AGAIN}"]
    if known is not None:
        return [f"the index knows it, the image bucket and the manifest do not: find it in the backups, then {AGAIN}"]
    return []


def against_images(line: Line, stored: Listed | None) -> list[str]:
    """What the image bucket says against the manifest."""
    if line.kind == "deleted":
        return [] if stored is None or stored.deleted else [f"it has come back since the archive: {AGAIN}"]
    if stored is None or stored.deleted:
        how = "is gone from the image bucket" if stored is None else "is hidden by a delete marker in the image bucket"
        return [f"it {how} since the archive, which has it: find out who deletes images, and bring it back"]
    if stored.version != line.source_version:
        return [f"it was changed in the image bucket after the archive ({stored.size} bytes now): {AGAIN}"]
    return []


def against_index(line: Line, known: Entry | None) -> list[str]:
    """What the index says against the manifest."""
    if line.kind != "object":
        return [] if known is None else [f"the index knows it now, and did not when it was archived: {AGAIN}"]
    if known is None:
        return [f"the index does not know it any more: find out who deletes studies, and {AGAIN}"]
    if (known.bytes, known.md5, known.instance) != (line.bytes, line.md5, line.instance):
        return [f"the index says something else of it than when it was archived: {AGAIN}"]
    return []


def against_archive(line: Line, archived: Listed | None) -> list[str]:
    """What the archive's listing says against the manifest."""
    if archived is None:
        return [f"it is not in the archive: {AGAIN} while the images exist"]
    if archived.deleted:
        return [f"a delete marker hides it in the archive (version {line.version} is below): remove the marker"]
    if archived.version != line.version:
        return [f"another version lies over the archived one ({line.version}) in the archive: {AGAIN}"]
    return []


class Sample:
    """`size` lines of a stream of unknown length, each with the same chance, the same ones for the same seed."""

    def __init__(self, size: int, seed: str) -> None:
        self.size, self.random = size, random.Random(seed)  # noqa: S311  a fair choice, no secret
        self.kept: list[tuple[float, str, Checked]] = []

    def offer(self, checked: Checked) -> None:
        """Takes the line, or does not."""
        item = (self.random.random(), checked.name, checked)
        if len(self.kept) < self.size:
            heapq.heappush(self.kept, item)
        elif self.size:
            heapq.heappushpop(self.kept, item)

    def chosen(self) -> Iterator[Checked]:
        """The lines, in the order of their names."""
        return (checked for _, _, checked in sorted(self.kept, key=lambda item: item[1]))


def earliest(found: datetime | None, until: datetime | None) -> datetime | None:
    """The earlier of two times that may be unknown."""
    return min((time for time in (found, until) if time is not None), default=None)
