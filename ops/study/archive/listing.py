"""Listings of versioned buckets as sorted streams, and their merge by name. One page of each is in memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
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


def list_keys(s3: S3Client, bucket: str, prefix: str, after: str = "") -> Iterator[ListedKey]:
    """Keys that begin with `prefix` and sort after `after`. S3 sorts by UTF-8 bytes, as Python sorts strings."""
    for key, versions in groupby(_list_versions(s3, bucket, prefix, after), key=attrgetter("key")):
        newest: _Version | None = None
        noncurrent = markers = 0
        for version in versions:
            if version.latest:
                newest = version
            elif not version.marker:
                noncurrent += 1
            markers += version.marker
        if newest is not None:
            yield ListedKey(
                key=key,
                version=newest.version,
                size=newest.size,
                deleted=newest.marker,
                noncurrent=noncurrent,
                markers=markers,
            )


def _list_versions(s3: S3Client, bucket: str, prefix: str, after: str) -> Iterator[_Version]:
    # botocore accepts the marker of the first page, the stubs do not.
    start: dict[str, Any] = {"KeyMarker": after} if after else {}
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


def merge_by_name(*sides: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[list[Any]]]]:
    """For each name, in order, what each side has under it. Each side must be sorted by name."""

    def number_items(number: int, side: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, int, Any]]:
        return ((name, number, item) for name, item in side)

    streams = [number_items(number, side) for number, side in enumerate(sides)]
    for name, group in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        items: list[list[Any]] = [[] for _ in sides]
        for _, number, item in group:
            items[number].append(item)
        yield name, items
