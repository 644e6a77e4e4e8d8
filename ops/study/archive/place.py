"""The study's folder in the archive bucket: small objects, S3's own clock, and nothing that could delete.

<prefix>/objects/…                  the images, as they lay in the image bucket
<prefix>/index/<run>/…              the index
<prefix>/database/<run>/…           the database's export
<prefix>/logs/<run>/<group>/…       the log groups
<prefix>/runs/<run>/parts/…         one line for each object, in the order of keys
<prefix>/runs/<run>/signed/…        checksum, signature and public key of the manifest
<prefix>/manifest.json              written last: where it is, the archive is complete
<prefix>/verify/<time>/…            reports
<prefix>/journal.json, lock.json    how far it is, and who is at it
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from ops.study.archive.errors import ArchiveError, code
from ops.study.archive.target import Target

ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A small object as it was read."""

    body: bytes
    etag: str

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Taken(Exception):
    """A conditional write met another state than it expected."""


class Place:
    """One study's archive. It reads, adds and overwrites (every version stays), and never deletes."""

    def __init__(self, s3: Any, bucket: str, prefix: str, key_arn: str | None = None) -> None:
        self.s3, self.bucket, self.prefix, self.key_arn = s3, bucket, prefix.strip("/"), key_arn

    @classmethod
    def of(cls, target: Target, s3: Any) -> Place:
        """The place that the target names."""
        return cls(s3, target.archive_bucket, target.archive_prefix, target.archive_key_arn)

    def key(self, name: str) -> str:
        """Key of what is called `name` here."""
        return f"{self.prefix}/{name}"

    def now(self) -> datetime:
        """The time, by S3's clock: an operator's clock may be wrong, and two of them differ."""
        answer = self.s3.head_bucket(Bucket=self.bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)

    def put(self, name: str, body: bytes, *, if_etag: str | None = None, if_new: bool = False) -> str:
        """Writes, whole or not at all; its ETag. Taken if the object is not as `if_etag` or `if_new` says."""
        condition = {"IfMatch": if_etag} if if_etag else {"IfNoneMatch": "*"} if if_new else {}
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.key_arn} if self.key_arn else {}
        try:
            answer = self.s3.put_object(
                Bucket=self.bucket,
                Key=self.key(name),
                Body=body,
                ChecksumAlgorithm="SHA256",  # a bucket with Object Lock takes nothing without a checksum
                **encryption,
                **condition,
            )
        except ClientError as error:
            if condition and code(error) in TAKEN:
                raise Taken(name) from error
            raise
        return answer["ETag"]

    def put_json(self, name: str, value: Any) -> bytes:
        """Writes `value` as JSON; the bytes written."""
        body = json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
        self.put(name, body)
        return body

    def get(self, name: str) -> Stored | None:
        """The newest version, if there is any."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=self.key(name))
            return Stored(body=answer["Body"].read(), etag=answer["ETag"])
        except ClientError as error:
            if code(error) in ABSENT:
                return None
            raise

    def need(self, name: str) -> bytes:
        """The newest version's bytes; ArchiveError if there is none."""
        stored = self.get(name)
        if stored is None:
            raise ArchiveError(f"s3://{self.bucket}/{self.key(name)} does not exist: the archive is not complete")
        return stored.body

    def names(self, folder: str) -> Iterator[str]:
        """Names of all objects below `folder`, in their order."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key(folder))
        for page in pages:
            for item in page.get("Contents", ()):
                yield item["Key"].removeprefix(f"{self.prefix}/")
