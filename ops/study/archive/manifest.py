"""The manifest: what was archived, part by part, with a checksum of each. It is written last, and signed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ops.study.archive import records, signing
from ops.study.archive.errors import ArchiveError, explained
from ops.study.archive.place import Place
from ops.study.archive.records import Line

NAME = "manifest.json"
SHOWN = 1000
"""Problems that a report names; it counts them all."""


@dataclass
class Study:
    """What there is of a DICOM study."""

    series: set[str] = field(default_factory=set)
    instances: int = 0
    objects: int = 0
    bytes: int = 0


@dataclass
class Summary:
    """What parts hold, read once from beginning to end. It grows with the number of studies, not of objects."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    noncurrent: int = 0
    markers: int = 0
    problems: list[str] = field(default_factory=list)
    studies: dict[str, Study] = field(default_factory=dict)

    @property
    def objects(self) -> int:
        """Objects that were archived."""
        return self.kinds["object"] + self.kinds["orphan"]

    @property
    def broken(self) -> int:
        """Lines that keep the archive from being complete."""
        return sum(self.kinds[kind] for kind in records.PROBLEMS)

    def add(self, line: Line) -> None:
        """Counts a line."""
        self.kinds[line.kind] += 1
        self.bytes += line.bytes
        self.noncurrent += line.noncurrent
        self.markers += line.markers
        if line.problem and len(self.problems) < SHOWN:
            self.problems.append(f"{line.key}: {line.problem}")
        if line.study:
            study = self.studies.setdefault(line.study, Study())
            study.objects += 1
            study.bytes += line.bytes
            study.instances += line.type == 1
            if line.series:
                study.series.add(line.series)


def summary(place: Place, folder: str) -> Summary:
    """Reads every part below `folder` as it is stored; ArchiveError if their keys are not in order."""
    found, last = Summary(), ""
    for name in place.names(folder):
        body = place.need(name)
        count = 0
        for line in records.unpack(body):
            if line.key <= last:
                raise ArchiveError(f"{name}: {line.key} comes after {last}: run `ops archive --again`")
            last, count = line.key, count + 1
            found.add(line)
        found.parts.append(
            {"name": name, "lines": count, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        )
    return found


def lines(place: Place, parts: list[dict[str, Any]]) -> Iterator[Line]:
    """The lines of a manifest's parts; ArchiveError at a part that is not as the manifest says."""
    for part in parts:
        body = place.need(part["name"])
        if hashlib.sha256(body).hexdigest() != part["sha256"]:
            raise ArchiveError(
                f"s3://{place.bucket}/{place.key(part['name'])} is not the part that the manifest names: "
                "an earlier version of it is; bring that back, or run `ops archive --again`"
            )
        yield from records.unpack(body)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest whose signature holds."""

    content: dict[str, Any]
    sha256: str
    fingerprint: str

    def lines(self, place: Place) -> Iterator[Line]:
        """Every object's line, in the order of keys."""
        return lines(place, self.content["parts"])


def signed_folder(run: str) -> str:
    """Where the proof of a run's manifest is."""
    return f"runs/{run}/signed/"


def write(kms: Any, key_arn: str, place: Place, content: dict[str, Any]) -> bytes:
    """Signs the manifest, then writes it: its bytes."""
    body = json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
    with explained("writing the manifest"):
        signing.sign(kms, key_arn, place, signed_folder(content["run"]), signing.checksum(NAME, body))
        place.put(NAME, body)
    return body


def read(place: Place, expected_key: bytes | None) -> Manifest:
    """The manifest; ArchiveError without one, or if it is not what the study's key signed."""
    with explained("reading the manifest"):
        stored = place.get(NAME)
        if stored is None:
            raise ArchiveError(
                f"s3://{place.bucket}/{place.key(NAME)} does not exist: the archive is not complete. "
                "Run `python -m ops archive` until it ends well"
            )
        try:
            content = stored.json()
            run = content["run"]
        except (ValueError, KeyError, TypeError):
            raise ArchiveError(f"{NAME} was damaged: take its earlier version, or run `ops archive --again`") from None
        proved = signing.proof(place, signed_folder(run))
    signing.trusted(proved, NAME, stored.body, expected_key)
    return Manifest(content=content, sha256=hashlib.sha256(stored.body).hexdigest(), fingerprint=proved.fingerprint)
