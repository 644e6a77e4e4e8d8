"""Reads Orthanc's index in one snapshot: each attachment with its size, checksum, and the image it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pg8000.native import Connection, identifier

FIELDS = ("uuid", "type", "bytes", "md5", "instance", "series", "study")

ATTACHMENTS = """
SELECT file.uuid, file.fileType, file.compressedSize, file.compressedHash,
       instance.value, series.value, study.value
  FROM AttachedFiles file
  JOIN Resources own ON own.internalId = file.id
  LEFT JOIN Resources parent ON parent.internalId = own.parentId
  LEFT JOIN Resources grand ON grand.internalId = parent.parentId
  LEFT JOIN MainDicomTags instance
         ON instance.id = CASE own.resourceType WHEN 3 THEN own.internalId END
        AND instance.tagGroup = 8 AND instance.tagElement = 24
  LEFT JOIN MainDicomTags series
         ON series.id = CASE own.resourceType WHEN 3 THEN parent.internalId WHEN 2 THEN own.internalId END
        AND series.tagGroup = 32 AND series.tagElement = 14
  LEFT JOIN MainDicomTags study
         ON study.id = CASE own.resourceType WHEN 3 THEN grand.internalId WHEN 2 THEN parent.internalId
                                             WHEN 1 THEN own.internalId END
        AND study.tagGroup = 32 AND study.tagElement = 13
"""
"""Size and checksum are those of the stored object. An attachment of a series or study has no instance.

Levels in the database: 0 patient, 1 study, 2 series, 3 instance.
"""


def attachments(connection: Connection, rows: int) -> Iterator[list[dict[str, Any]]]:
    """Every attachment, `rows` at a time, from one snapshot in a read-only transaction."""
    connection.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    # All rows are read: plan for the fastest last row, not for the fastest first row.
    connection.run("SET LOCAL cursor_tuple_fraction = 1")
    connection.run(f"DECLARE exported NO SCROLL CURSOR FOR {ATTACHMENTS}")
    while found := connection.run(f"FETCH {int(rows)} FROM {identifier('exported')}"):
        yield [entry(row) for row in found]
    connection.run("COMMIT")


def entry(row: list[Any]) -> dict[str, Any]:
    """A line of the export. `type` is Orthanc's number, from which the archive derives the object's name.

    https://orthanc.uclouvain.be/hg/orthanc/file/default/OrthancServer/Sources/ServerEnumerations.h
    """
    return dict(zip(FIELDS, row, strict=True))
