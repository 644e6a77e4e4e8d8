"""Copies one object from the image bucket to the archive, inside S3, which computes the copy's SHA-256.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.study.archive.listing import ListedKey
from ops.study.store.checksums import CHUNK, hex_digest
from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError
from ops.study.store.options import Options
from ops.study.store.target import Target

if TYPE_CHECKING:
    from hashlib import _Hash

    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy: its version, its SHA-256 in hexadecimal, and S3's composite checksum if it was copied in pieces."""

    version: str
    sha256: str
    composite: str | None = None


def copy_object(clients: Clients, target: Target, options: Options, source: ListedKey, archive_key: str) -> Copy:
    """Copies this version of `source`; the bucket's Object Lock protects the copy as soon as it exists."""
    if source.size > options.multipart_bytes:
        return _copy_in_pieces(clients.s3, target, options, source, archive_key)
    answer = clients.s3.copy_object(
        Bucket=target.archive_bucket,
        Key=archive_key,
        CopySource=_copy_source(target, source),
        ChecksumAlgorithm="SHA256",
        MetadataDirective="REPLACE",
        **_storage_arguments(target, options, source),
    )
    return Copy(version=answer["VersionId"], sha256=hex_digest(answer["CopyObjectResult"]["ChecksumSHA256"]))


def find_copy(clients: Clients, target: Target, options: Options, source: ListedKey, copy: ListedKey) -> Copy | None:
    """The existing copy, if it is a whole copy of this version of `source` and stored as required."""
    if copy.deleted or copy.size != source.size:
        return None
    head = clients.s3.head_object(
        Bucket=target.archive_bucket, Key=copy.key, VersionId=copy.version, ChecksumMode="ENABLED"
    )
    metadata, checksum = head["Metadata"], head.get("ChecksumSHA256", "")
    storage = (metadata.get("source-version"), head.get("StorageClass"), head.get("SSEKMSKeyId"))
    if not checksum or storage != (source.version, options.storage_class, target.archive_key_arn):
        return None
    if "-" in checksum:
        sha256 = metadata.get("sha256")
        return None if sha256 is None else Copy(version=copy.version, sha256=sha256, composite=checksum)
    return Copy(version=copy.version, sha256=hex_digest(checksum))


def _copy_source(target: Target, source: ListedKey) -> CopySourceTypeDef:
    return {"Bucket": target.image_bucket, "Key": source.key, "VersionId": source.version}


def _storage_arguments(target: Target, options: Options, source: ListedKey, **metadata: str) -> dict[str, Any]:
    """Storage class and encryption of a copy; its metadata names the version it is a copy of."""
    return {
        "StorageClass": options.storage_class,
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": target.archive_key_arn,
        "BucketKeyEnabled": True,
        "Metadata": {"source-version": source.version, **metadata},
    }


def _copy_in_pieces(s3: S3Client, target: Target, options: Options, source: ListedKey, archive_key: str) -> Copy:
    """Reads the source for its SHA-256, then copies it in pieces, because S3 copies up to 5 GiB at once.

    S3 computes no SHA-256 of such an object, only one over those of its pieces, which must match what was read.
    An interrupted upload creates no object, and the bucket's lifecycle deletes it.
    """
    starts = range(0, source.size, options.piece_bytes)
    spans = [f"bytes={start}-{min(start + options.piece_bytes, source.size) - 1}" for start in starts]
    whole = hashlib.sha256()
    digests = [_hash_span(s3, target, source, span, whole) for span in spans]
    bucket = target.archive_bucket
    upload = s3.create_multipart_upload(
        Bucket=bucket,
        Key=archive_key,
        ChecksumAlgorithm="SHA256",
        **_storage_arguments(target, options, source, sha256=whole.hexdigest()),
    )["UploadId"]
    parts: list[CompletedPartTypeDef] = []
    for number, (span, digest) in enumerate(zip(spans, digests, strict=True), start=1):
        answer = s3.upload_part_copy(
            Bucket=bucket,
            Key=archive_key,
            UploadId=upload,
            PartNumber=number,
            CopySource=_copy_source(target, source),
            CopySourceRange=span,
        )["CopyPartResult"]
        encoded = base64.b64encode(digest).decode()
        if answer.get("ChecksumSHA256", encoded) != encoded:
            raise ArchiveError(f"{source.key}, {span}: the copy differs from the source; run the same command again")
        parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": encoded})
    version = s3.complete_multipart_upload(
        Bucket=bucket, Key=archive_key, UploadId=upload, MultipartUpload={"Parts": parts}
    )["VersionId"]
    composite = f"{base64.b64encode(hashlib.sha256(b''.join(digests)).digest()).decode()}-{len(parts)}"
    stored = s3.head_object(Bucket=bucket, Key=archive_key, VersionId=version, ChecksumMode="ENABLED")
    if stored.get("ChecksumSHA256") != composite:
        raise ArchiveError(
            f"{source.key}: S3's checksum of the copy is {stored.get('ChecksumSHA256')}, its pieces give {composite}; "
            "run the same command again"
        )
    return Copy(version=version, sha256=whole.hexdigest(), composite=composite)


def _hash_span(s3: S3Client, target: Target, source: ListedKey, span: str, whole: _Hash) -> bytes:
    """SHA-256 of a range of bytes, which are also added to `whole`."""
    piece = hashlib.sha256()
    body = s3.get_object(Bucket=target.image_bucket, Key=source.key, VersionId=source.version, Range=span)["Body"]
    for chunk in body.iter_chunks(CHUNK):
        piece.update(chunk)
        whole.update(chunk)
    return piece.digest()
