"""Reads Orthanc's index: every attachment with its size, its checksum and the image it belongs to, of one moment."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, identifier

ROLE = "orthanc"
TIMEOUT_SECONDS = 60  # a paused cluster wakes in 30 s or more
REFUSALS = frozenset({"28P01", "28000"})
"""A wrong password, or a role that may not log in; https://www.postgresql.org/docs/current/errcodes-appendix.html"""

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

The levels are the database's, which count from the patient: 0 patient, 1 study, 2 series, 3 instance.
"""


class LoginRefusedError(RuntimeError):
    """The server does not let this user in with this password."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the index is, and the file of the authorities that may vouch for it."""

    host: str
    port: int
    database: str
    authorities: str

    @contextmanager
    def login(self, user: str, password: str) -> Generator[Connection]:
        """A connection whose server certificate is verified with its name; LoginRefusedError for a wrong pair."""
        context = ssl.create_default_context(cafile=self.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            connection = Connection(
                user,
                host=self.host,
                port=self.port,
                database=self.database,
                password=password,
                ssl_context=context,
                timeout=TIMEOUT_SECONDS,
                application_name="image-store-index-export",
            )
        except DatabaseError as error:
            if error.args[0]["C"] not in REFUSALS:
                raise
            raise LoginRefusedError(f"{user} cannot log in: {error.args[0]['M']}") from None
        try:
            yield connection
        finally:
            with suppress(InterfaceError):
                connection.close()


def attachments(connection: Connection, rows: int) -> Iterator[list[dict[str, Any]]]:
    """Every attachment, `rows` at a time, all of one moment; the session can read and do nothing else."""
    connection.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    # All of it will be read: the plan that is fastest to its end, not to its first row.
    connection.run("SET LOCAL cursor_tuple_fraction = 1")
    connection.run(f"DECLARE exported NO SCROLL CURSOR FOR {ATTACHMENTS}")
    while found := connection.run(f"FETCH {int(rows)} FROM {identifier('exported')}"):
        yield [entry(row) for row in found]
    connection.run("COMMIT")


def entry(row: list[Any]) -> dict[str, Any]:
    """A line of the export. `type` is Orthanc's number, by which the archive knows the object's name.

    https://orthanc.uclouvain.be/hg/orthanc/file/default/OrthancServer/Sources/ServerEnumerations.h
    """
    return dict(zip(FIELDS, row, strict=True))
