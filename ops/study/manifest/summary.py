"""Counts of the manifest's parts: kinds, bytes, problems and DICOM studies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ops.study.manifest.lines import PROBLEMS, Line, unpack
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.checksums import sha256_hex
from ops.study.store.errors import ArchiveError

MAX_PROBLEMS = 1000
"""Problems that a report lists; it counts all of them."""


@dataclass
class StudyCounts:
    """Counts of one DICOM study."""

    series: set[str] = field(default_factory=set)
    instances: int = 0
    objects: int = 0
    bytes: int = 0


@dataclass
class Summary:
    """Counts of all parts. Its size grows with the number of studies, not of objects."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    noncurrent: int = 0
    markers: int = 0
    problems: list[str] = field(default_factory=list)
    studies: dict[str, StudyCounts] = field(default_factory=dict)

    @property
    def objects(self) -> int:
        """Number of archived objects."""
        return self.kinds["object"] + self.kinds["orphan"]

    @property
    def broken(self) -> int:
        """Number of lines that keep the archive from being complete."""
        return sum(self.kinds[kind] for kind in PROBLEMS)

    def add(self, line: Line) -> None:
        """Counts a line."""
        self.kinds[line.kind] += 1
        self.bytes += line.bytes
        self.noncurrent += line.noncurrent
        self.markers += line.markers
        if line.problem and len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{line.key}: {line.problem}")
        if line.study:
            study = self.studies.setdefault(line.study, StudyCounts())
            study.objects += 1
            study.bytes += line.bytes
            study.instances += line.type == 1
            if line.series:
                study.series.add(line.series)


def summarize(store: ArchiveStore, folder: str) -> Summary:
    """Reads every part below `folder`; ArchiveError if the keys are not sorted."""
    summary, last = Summary(), ""
    for name in store.names(folder):
        body = store.require(name)
        count = 0
        for line in unpack(body):
            if line.key <= last:
                raise ArchiveError(f"{name}: {line.key} comes after {last}: run `ops archive --again`")
            last, count = line.key, count + 1
            summary.add(line)
        summary.parts.append({"name": name, "lines": count, "bytes": len(body), "sha256": sha256_hex(body)})
    return summary
