"""Buckets as sorted streams, and what several of them say about the same name; nothing is held but a page each."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A key of a versioned bucket. `deleted`: its newest version is a delete marker."""

    key: str
    version: str
    size: int
    deleted: bool
    noncurrent: int
    markers: int


@dataclass(frozen=True, slots=True)
class _Version:
    key: str
    version: str
    size: int
    latest: bool
    marker: bool


def listed(s3: Any, bucket: str, prefix: str, after: str = "") -> Iterator[Listed]:
    """Every key that begins with `prefix` and comes after `after`, in S3's order: that of UTF-8, as Python's is."""
    for key, found in groupby(_versions(s3, bucket, prefix, after), key=attrgetter("key")):
        newest: _Version | None = None
        noncurrent = markers = 0
        for version in found:
            if version.latest:
                newest = version
            elif not version.marker:
                noncurrent += 1
            markers += version.marker
        if newest is not None:
            yield Listed(
                key=key,
                version=newest.version,
                size=newest.size,
                deleted=newest.marker,
                noncurrent=noncurrent,
                markers=markers,
            )


def _versions(s3: Any, bucket: str, prefix: str, after: str) -> Iterator[_Version]:
    start = {"KeyMarker": after} if after else {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix, **start):
        objects = [
            _Version(item["Key"], item["VersionId"], item["Size"], item["IsLatest"], marker=False)
            for item in page.get("Versions", ())
        ]
        markers = [
            _Version(item["Key"], item["VersionId"], 0, item["IsLatest"], marker=True)
            for item in page.get("DeleteMarkers", ())
        ]
        yield from heapq.merge(objects, markers, key=attrgetter("key"))


def joined(*sides: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[list[Any]]]]:
    """For each name, in order, what each side has of it. Each side must be sorted by name."""

    def numbered(number: int, side: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, int, Any]]:
        return ((name, number, item) for name, item in side)

    streams = [numbered(number, side) for number, side in enumerate(sides)]
    for name, group in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        found: list[list[Any]] = [[] for _ in sides]
        for _, number, item in group:
            found[number].append(item)
        yield name, found
