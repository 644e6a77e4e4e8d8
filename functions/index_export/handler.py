"""Entry point: writes the index as gzipped JSON Lines, in parts, below a prefix of the archive bucket.

A repeated run writes the same parts again, as new versions of locked objects.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from functions.database import LoginRefusedError, Server

from .index import attachments

APPLICATION = "image-store-index-export"
ROWS = 5_000
LINES = 200_000
"""Lines of a part: about 20 MB compressed."""

RESERVE_MS = 30_000
TRIES = 5
PAUSE_SECONDS = 2
"""A rotation changes user and password one after the other: a log-in between the two reads both again."""


class ExportError(RuntimeError):
    """The export is incomplete; ignore the parts it wrote."""


@dataclass
class Parts:
    """Writes entries to objects `part-<n>.jsonl.gz`."""

    client: Any
    bucket: str
    prefix: str
    lines: int = LINES

    def __post_init__(self) -> None:
        self.keys: list[str] = []
        self.objects = 0
        self._begin()

    def add(self, entries: list[dict[str, Any]]) -> None:
        """Adds entries, and writes each part that is full."""
        for entry in entries:
            self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
            self._count += 1
            if self._count == self.lines:
                self._write()
        self.objects += len(entries)

    def end(self) -> None:
        """Writes the last part; an empty index is one empty part."""
        if self._count or not self.keys:
            self._write()

    def _begin(self) -> None:
        self._count, self._buffer = 0, io.BytesIO()
        self._file = gzip.GzipFile(fileobj=self._buffer, mode="wb", mtime=0)

    def _write(self) -> None:
        self._file.close()
        key = f"{self.prefix}part-{len(self.keys) + 1:05}.jsonl.gz"
        self.client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=self._buffer.getvalue(),
            ContentType="application/gzip",
            ChecksumAlgorithm="SHA256",  # Object Lock requires a checksum
        )
        self.keys.append(key)
        self._begin()


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Exports to `{"bucket", "prefix"}` and returns `{"objects", "parts"}`; ValueError for any other destination."""
    bucket, prefix = os.environ["ARCHIVE_BUCKET"], os.environ["ARCHIVE_PREFIX"]
    if event.get("bucket") != bucket or not str(event.get("prefix", "")).startswith(prefix):
        raise ValueError(f"this function only writes below s3://{bucket}/{prefix}")
    server = Server.from_environment(os.environ, folder=Path(__file__).parent, application_name=APPLICATION)
    parts = Parts(client=boto3.client("s3"), bucket=bucket, prefix=event["prefix"])
    with _login(server, boto3.client("secretsmanager")) as connection:
        for entries in attachments(connection, ROWS):
            parts.add(entries)
            if context is not None and context.get_remaining_time_in_millis() < RESERVE_MS:
                raise ExportError(f"out of time after {parts.objects} attachments: give the function more memory")
    parts.end()
    answer = {"objects": parts.objects, "parts": parts.keys}
    print(json.dumps({"objects": parts.objects, "parts": len(parts.keys)}))  # noqa: T201  Lambda's log is its standard output
    return answer


@contextmanager
def _login(server: Server, secrets: Any) -> Generator[Any]:
    with ExitStack() as stack:
        for attempt in range(1, TRIES + 1):
            user, password = (_value(secrets, os.environ[f"{name}_SECRET_ARN"]) for name in ("USER", "PASSWORD"))
            try:
                connection = stack.enter_context(server.login(user, password))
                break
            except LoginRefusedError:
                if attempt == TRIES:
                    raise
                time.sleep(PAUSE_SECONDS)
        yield connection


def _value(client: Any, arn: str) -> str:
    return client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"]
