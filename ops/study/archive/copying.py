"""One object from the image bucket into the archive, inside S3, with the SHA-256 that S3 computed on the way.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from ops.study.archive.clients import Clients, Options
from ops.study.archive.errors import ArchiveError
from ops.study.archive.listing import Listed
from ops.study.archive.target import Target

CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A copy: its version, the SHA-256 of its bytes in hexadecimal, and S3's checksum if it was copied in pieces."""

    version: str
    sha256: str
    composite: str | None = None


def hexadecimal(encoded: str) -> str:
    """A checksum as `sha256sum` writes it, from how S3 writes it."""
    return base64.b64decode(encoded).hex()


def copy(clients: Clients, target: Target, options: Options, source: Listed, archive_key: str) -> Copied:
    """Copies this very version of `source`; the bucket's Object Lock holds the copy from its first moment."""
    if source.size > options.multipart_bytes:
        return _in_pieces(clients.s3, target, options, source, archive_key)
    answer = clients.s3.copy_object(
        Bucket=target.archive_bucket,
        Key=archive_key,
        CopySource=_source(target, source),
        ChecksumAlgorithm="SHA256",
        MetadataDirective="REPLACE",
        **_kept(target, options, source),
    )
    return Copied(version=answer["VersionId"], sha256=hexadecimal(answer["CopyObjectResult"]["ChecksumSHA256"]))


def found(clients: Clients, target: Target, options: Options, source: Listed, copy: Listed) -> Copied | None:
    """The copy that is there already, if it is one of this version of `source`, whole and as it should be."""
    if copy.deleted or copy.size != source.size:
        return None
    head = clients.s3.head_object(
        Bucket=target.archive_bucket, Key=copy.key, VersionId=copy.version, ChecksumMode="ENABLED"
    )
    said, checksum = head["Metadata"], head.get("ChecksumSHA256", "")
    kept = (said.get("source-version"), head.get("StorageClass"), head.get("SSEKMSKeyId"))
    if not checksum or kept != (source.version, options.storage_class, target.archive_key_arn):
        return None
    if "-" in checksum:
        return Copied(version=copy.version, sha256=said["sha256"], composite=checksum) if "sha256" in said else None
    return Copied(version=copy.version, sha256=hexadecimal(checksum))


def _source(target: Target, source: Listed) -> dict[str, str]:
    return {"Bucket": target.image_bucket, "Key": source.key, "VersionId": source.version}


def _kept(target: Target, options: Options, source: Listed) -> dict[str, Any]:
    """How a copy is kept; its metadata says what it is a copy of."""
    return {
        "StorageClass": options.storage_class,
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": target.archive_key_arn,
        "BucketKeyEnabled": True,
        "Metadata": {"source-version": source.version},
    }


def _in_pieces(s3: Any, target: Target, options: Options, source: Listed, archive_key: str) -> Copied:
    """Reads the source to know its SHA-256, then copies it piece by piece: S3 copies up to 5 GiB at once.

    S3 computes no SHA-256 of such an object, only one over those of its pieces, which must agree with what was read.
    An upload that is cut off is no object, and the bucket's lifecycle takes it away.
    """
    starts = range(0, source.size, options.piece_bytes)
    spans = [f"bytes={start}-{min(start + options.piece_bytes, source.size) - 1}" for start in starts]
    whole = hashlib.sha256()
    digests = [_read(s3, target, source, span, whole) for span in spans]
    kept = _kept(target, options, source)
    kept["Metadata"] |= {"sha256": whole.hexdigest()}
    where = {"Bucket": target.archive_bucket, "Key": archive_key}
    upload = s3.create_multipart_upload(**where, ChecksumAlgorithm="SHA256", **kept)
    where["UploadId"] = upload["UploadId"]
    parts = []
    for number, (span, digest) in enumerate(zip(spans, digests, strict=True), start=1):
        answer = s3.upload_part_copy(
            **where, PartNumber=number, CopySource=_source(target, source), CopySourceRange=span
        )["CopyPartResult"]
        encoded = base64.b64encode(digest).decode()
        if answer.get("ChecksumSHA256", encoded) != encoded:
            raise ArchiveError(f"{source.key}, {span}: the copy differs from what was read; run the same command again")
        parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": encoded})
    version = s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})["VersionId"]
    composite = f"{base64.b64encode(hashlib.sha256(b''.join(digests)).digest()).decode()}-{len(parts)}"
    stored = s3.head_object(Bucket=where["Bucket"], Key=archive_key, VersionId=version, ChecksumMode="ENABLED")
    if stored.get("ChecksumSHA256") != composite:
        raise ArchiveError(
            f"{source.key}: S3 has the checksum {stored.get('ChecksumSHA256')} and its pieces make {composite}; "
            "run the same command again"
        )
    return Copied(version=version, sha256=whole.hexdigest(), composite=composite)


def _read(s3: Any, target: Target, source: Listed, span: str, whole: Any) -> bytes:
    """SHA-256 of a piece, which is added to `whole`."""
    piece = hashlib.sha256()
    for chunk in s3.get_object(**_source(target, source), Range=span)["Body"].iter_chunks(CHUNK):
        piece.update(chunk)
        whole.update(chunk)
    return piece.digest()
