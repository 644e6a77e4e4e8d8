"""A line of the manifest, and its parts: compressed JSON Lines, sorted by key."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

PROBLEMS = ("missing", "hidden", "differs", "twice")
"""Kinds of lines that keep an archive from being complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One object. `kind`: object, orphan (not in the index), deleted (only a delete marker is left), index, database,
    log, or one of PROBLEMS. `composite`: S3's checksum of an object that was copied in pieces. `noncurrent`, `markers`:
    numbers of older versions and delete markers of the key, which are not archived.
    """

    kind: str
    key: str
    archive_key: str | None = None
    version: str | None = None
    source_version: str | None = None
    bytes: int = 0
    sha256: str | None = None
    composite: str | None = None
    md5: str | None = None
    uuid: str | None = None
    type: int | None = None
    instance: str | None = None
    series: str | None = None
    study: str | None = None
    noncurrent: int = 0
    markers: int = 0
    problem: str | None = None

    def to_json(self) -> dict[str, str | int]:
        """The fields that have a value."""
        return {name: value for name, value in asdict(self).items() if value not in (None, 0) or name == "bytes"}


def pack(lines: Iterable[Line]) -> bytes:
    """Encodes a part; the same lines give the same bytes."""
    text = "".join(json.dumps(line.to_json(), separators=(",", ":"), sort_keys=True) + "\n" for line in lines)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def unpack(body: bytes) -> Iterator[Line]:
    """Decodes a part."""
    for text in gzip.decompress(body).splitlines():
        yield Line(**json.loads(text))
