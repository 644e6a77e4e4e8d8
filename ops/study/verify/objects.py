"""Checks of one archived object: by what S3 says about it, and by reading its bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, FlexibleChecksumError

from ops.study.manifest.lines import Line
from ops.study.restore.requests import ObjectRecord
from ops.study.store.archive_store import NOT_FOUND
from ops.study.store.checksums import CHUNK, hex_digest
from ops.study.store.errors import code

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import TierType
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

SAMPLE = 300
"""If 300 random objects are intact, fewer than 1 % of the others are damaged, with 95 % confidence."""
GONE = NOT_FOUND | {"NoSuchVersion", "MethodNotAllowed", "405"}


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Which bytes are read: `sample` objects (None: all), from the image bucket, or from the archive when restored."""

    sample: int | None = SAMPLE
    source: str = "images"
    tier: TierType = "Bulk"
    days: int = 7


@dataclass(frozen=True, kw_only=True)
class StorageRequirements:
    """How every object must be stored. `lock`: least retention from the time it was written."""

    storage_class: str
    key_arn: str
    lock: timedelta


def check_record(
    s3: S3Client, bucket: str, line: Line, required: StorageRequirements, *, copied: bool = True
) -> ObjectRecord:
    """Compares size, checksum, class, key and lock of the archived version with the manifest. Reads no bytes.

    `copied`: it is an image. S3 computed its checksum when it copied it, and returns it without a restore. Files that
    AWS services wrote have no such checksum; their bytes are read instead.
    """
    try:
        head = s3.head_object(
            Bucket=bucket, Key=line.archive_key or "", VersionId=line.version or "", ChecksumMode="ENABLED"
        )
    except ClientError as error:
        if code(error) in GONE:
            why = f"version {line.version} is gone from the archive: run `ops archive --again` while the images exist"
            return ObjectRecord(problems=(why,), gone=True)
        raise
    problems = _storage_problems(head, line, required) if copied else []
    if head["ContentLength"] != line.bytes:
        problems.append(f"the archive has {head['ContentLength']} bytes, the manifest says {line.bytes}")
    until = head.get("ObjectLockRetainUntilDate")
    if until is None or until < head["LastModified"] + required.lock - timedelta(days=1):
        problems.append(f"Object Lock protects it until {until.isoformat() if until else 'never'}: too short")
    return ObjectRecord(
        problems=tuple(problems),
        until=until,
        restore=head.get("Restore", ""),
        storage_class=head.get("StorageClass", "STANDARD"),
    )


def _storage_problems(head: HeadObjectOutputTypeDef, line: Line, required: StorageRequirements) -> list[str]:
    """Problems with checksum, class and key of a copy."""
    problems = []
    checksum, storage_class = head.get("ChecksumSHA256", ""), head.get("StorageClass", "STANDARD")
    if checksum != line.composite if line.composite else _whole_sha256(checksum) != line.sha256:
        problems.append(f"S3's SHA-256 of the archived object is {checksum or 'missing'}, not the manifest's")
    if storage_class != required.storage_class:
        problems.append(f"its storage class is {storage_class}, not {required.storage_class}")
    if head.get("SSEKMSKeyId") != required.key_arn:
        problems.append(f"it is encrypted with {head.get('SSEKMSKeyId', 'no key')}, not with the archive's key")
    return problems


def _whole_sha256(checksum: str) -> str | None:
    """The checksum in hexadecimal; None for a composite one."""
    return hex_digest(checksum) if checksum and "-" not in checksum else None


def check_bytes(s3: S3Client, bucket: str, key: str, version: str | None, line: Line) -> list[str]:
    """Reads an object and compares it with the manifest and with the MD5 in Orthanc's index; the problems."""
    try:
        body = s3.get_object(Bucket=bucket, Key=key, VersionId=version or "")["Body"]
    except ClientError as error:
        if code(error) in GONE:
            return [f"s3://{bucket}/{key}: the version is gone"]
        raise
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    try:
        for chunk in body.iter_chunks(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    except FlexibleChecksumError as error:
        return [f"s3://{bucket}/{key}: its bytes do not match its checksum in S3 ({error})"]
    problems = []
    if size != line.bytes or sha256.hexdigest() != line.sha256:
        problems.append(
            f"s3://{bucket}/{key}: {size} bytes with the SHA-256 {sha256.hexdigest()} were read; not the manifest's"
        )
    elif line.md5 and md5.hexdigest() != line.md5:
        problems.append(
            f"s3://{bucket}/{key}: its MD5 differs from the one in Orthanc's index, taken when it was stored"
        )
    return problems
