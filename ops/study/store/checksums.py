"""SHA-256 of bytes and of objects, in hexadecimal as `sha256sum` writes it."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CHUNK = 2**20
"""Bytes that are read from S3 at a time."""


def sha256_hex(body: bytes) -> str:
    """SHA-256 of `body`."""
    return hashlib.sha256(body).hexdigest()


def hex_digest(encoded: str) -> str:
    """Converts a checksum from S3's base64."""
    return base64.b64decode(encoded).hex()


def object_sha256(s3: S3Client, bucket: str, key: str, version: str) -> str:
    """SHA-256 of an object's bytes, which are read for it."""
    digest = hashlib.sha256()
    for chunk in s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].iter_chunks(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
