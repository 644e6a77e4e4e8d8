"""The study's folder in the archive bucket. Times are S3's own, and nothing here can delete.

<prefix>/objects/…                  copies of the image bucket's objects
<prefix>/index/<run>/…              export of the index
<prefix>/database/<run>/…           export of the database
<prefix>/logs/<run>/<group>/…       exports of the log groups
<prefix>/runs/<run>/parts/…         one line per object, sorted by key
<prefix>/runs/<run>/signed/…        checksum, signature and public key of the manifest
<prefix>/manifest.json              written last: the archive is complete when it exists
<prefix>/verify/<time>/…            reports of verifications
<prefix>/journal.json, lock.json    progress of the run, and who holds the lock
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.study.store.errors import ArchiveError, code
from ops.study.store.target import Target

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import PutObjectRequestTypeDef

NOT_FOUND = frozenset({"NoSuchKey", "404", "NotFound"})
PRECONDITION_CODES = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """A small object, read whole."""

    body: bytes
    etag: str

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class PreconditionFailed(Exception):
    """A conditional write was refused: the object has changed since it was read."""


class ArchiveStore:
    """One study's archive. It reads, adds and overwrites (all versions are kept), and never deletes."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str, key_arn: str | None = None) -> None:
        self.s3, self.bucket, self.prefix, self.key_arn = s3, bucket, prefix.strip("/"), key_arn

    @classmethod
    def for_target(cls, target: Target, s3: S3Client) -> ArchiveStore:
        """The archive of the target."""
        return cls(s3, target.archive_bucket, target.archive_prefix, target.archive_key_arn)

    def key(self, name: str) -> str:
        """Key of the object `name`."""
        return f"{self.prefix}/{name}"

    def now(self) -> datetime:
        """The time by S3's clock, because operators' clocks can be wrong or differ."""
        answer = self.s3.head_bucket(Bucket=self.bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)

    def put(self, name: str, body: bytes, *, if_etag: str | None = None, if_new: bool = False) -> str:
        """Writes an object and returns its ETag; PreconditionFailed unless `if_etag` or `if_new` holds."""
        request: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": self.key(name),
            "Body": body,
            "ChecksumAlgorithm": "SHA256",  # a bucket with Object Lock requires a checksum
        }
        if self.key_arn:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.key_arn}
        if if_etag:
            request["IfMatch"] = if_etag
        elif if_new:
            request["IfNoneMatch"] = "*"
        try:
            answer = self.s3.put_object(**request)
        except ClientError as error:
            if (if_etag or if_new) and code(error) in PRECONDITION_CODES:
                raise PreconditionFailed(name) from error
            raise
        return answer["ETag"]

    def put_json(self, name: str, value: Any) -> bytes:
        """Writes `value` as JSON; the bytes written."""
        body = json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
        self.put(name, body)
        return body

    def get(self, name: str) -> StoredObject | None:
        """The newest version, or None."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=self.key(name))
            return StoredObject(body=answer["Body"].read(), etag=answer["ETag"])
        except ClientError as error:
            if code(error) in NOT_FOUND:
                return None
            raise

    def require(self, name: str) -> bytes:
        """The newest version's bytes; ArchiveError if there is none."""
        stored = self.get(name)
        if stored is None:
            raise ArchiveError(f"s3://{self.bucket}/{self.key(name)} does not exist: the archive is not complete")
        return stored.body

    def names(self, folder: str) -> Iterator[str]:
        """Names of all objects below `folder`, sorted."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key(folder))
        for page in pages:
            for item in page.get("Contents", ()):
                yield item["Key"].removeprefix(f"{self.prefix}/")
