"""Is an archived object what the manifest says? By what S3 has on record of it, and by reading its bytes again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, FlexibleChecksumError

from ops.study.archive.copying import CHUNK, hexadecimal
from ops.study.archive.errors import ArchiveError, code
from ops.study.archive.place import ABSENT
from ops.study.archive.records import Line

SAMPLE = 300
"""If 300 objects, chosen at random, are right, fewer than 1 % of the others are damaged, with 95 % confidence."""
ASLEEP = frozenset({"GLACIER", "DEEP_ARCHIVE"})
GONE = ABSENT | {"NoSuchVersion", "MethodNotAllowed", "405"}
HOURS = {
    ("DEEP_ARCHIVE", "Standard"): 12,
    ("DEEP_ARCHIVE", "Bulk"): 48,
    ("GLACIER", "Expedited"): 1,
    ("GLACIER", "Standard"): 5,
    ("GLACIER", "Bulk"): 12,
}
"""Hours until an object can be read: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html"""


def hours(storage_class: str, tier: str) -> int:
    """Hours that a restore takes; ArchiveError if the class does not offer the tier."""
    if (storage_class, tier) not in HOURS:
        offered = ", ".join(sorted(t for c, t in HOURS if c == storage_class))
        raise ArchiveError(f"{storage_class} offers no restore of the tier {tier}: use {offered}")
    return HOURS[storage_class, tier]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is read: `sample` objects (None: all), from the image bucket, or from the archive after a restore."""

    sample: int | None = SAMPLE
    source: str = "images"
    tier: str = "Bulk"
    days: int = 7


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How every object of the archive has to be kept: until when at least, counted from when it was written."""

    storage_class: str
    key_arn: str
    lock: timedelta


@dataclass(frozen=True, kw_only=True)
class Record:
    """What S3 has on record of an object, and what is wrong with it."""

    problems: tuple[str, ...] = ()
    until: datetime | None = None
    restore: str = ""
    storage_class: str = "STANDARD"
    gone: bool = False

    @property
    def readable(self) -> bool:
        """Whether its bytes can be read now."""
        return self.storage_class not in ASLEEP or 'ongoing-request="false"' in self.restore

    @property
    def asked(self) -> bool:
        """Whether a restore is under way."""
        return 'ongoing-request="true"' in self.restore


def on_record(s3: Any, bucket: str, line: Line, wanted: Wanted, *, copied: bool = True) -> Record:
    """Compares size, checksum, class, key and lock of the archived version with the manifest. Reads no bytes.

    `copied`: it is an image; what services wrote has no checksum of S3's, and is read instead.
    S3 computed the checksum itself, when it made the copy, and gives it without a restore.
    """
    try:
        head = s3.head_object(Bucket=bucket, Key=line.archive_key, VersionId=line.version, ChecksumMode="ENABLED")
    except ClientError as error:
        if code(error) in GONE:
            why = f"version {line.version} is gone from the archive: run `ops archive --again` while the images exist"
            return Record(problems=(why,), gone=True)
        raise
    found = _kept(head, line, wanted) if copied else []
    if head["ContentLength"] != line.bytes:
        found.append(f"the archive has {head['ContentLength']} bytes, the manifest says {line.bytes}")
    until = head.get("ObjectLockRetainUntilDate")
    if until is None or until < head["LastModified"] + wanted.lock - timedelta(days=1):
        found.append(f"Object Lock holds it until {until.isoformat() if until else 'never'}: too short")
    return Record(
        problems=tuple(found),
        until=until,
        restore=head.get("Restore", ""),
        storage_class=head.get("StorageClass", "STANDARD"),
    )


def _kept(head: dict[str, Any], line: Line, wanted: Wanted) -> list[str]:
    """What is wrong with how a copy is kept."""
    found = []
    said, storage_class = head.get("ChecksumSHA256", ""), head.get("StorageClass", "STANDARD")
    if said != line.composite if line.composite else _sha256(said) != line.sha256:
        found.append(f"S3's SHA-256 of the archived object is {said or 'missing'}, and not the manifest's")
    if storage_class != wanted.storage_class:
        found.append(f"its storage class is {storage_class}, not {wanted.storage_class}")
    if head.get("SSEKMSKeyId") != wanted.key_arn:
        found.append(f"it is encrypted with {head.get('SSEKMSKeyId', 'no key')}, not with the archive's key")
    return found


def _sha256(said: str) -> str | None:
    return hexadecimal(said) if said and "-" not in said else None


def read_back(s3: Any, bucket: str, key: str, version: str | None, line: Line) -> list[str]:
    """Reads an object's bytes; what they say against the manifest, and against the MD5 that Orthanc took of them."""
    try:
        body = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"]
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
        return [f"s3://{bucket}/{key}: its bytes are not those of its checksum in S3 ({error})"]
    found = []
    if size != line.bytes or sha256.hexdigest() != line.sha256:
        found.append(
            f"s3://{bucket}/{key}: {size} bytes with the SHA-256 {sha256.hexdigest()} were read; not the manifest's"
        )
    elif line.md5 and md5.hexdigest() != line.md5:
        found.append(f"s3://{bucket}/{key}: its MD5 is not the one that Orthanc's index has had since it was stored")
    return found


class Waking:
    """Objects on their way back from DEEP_ARCHIVE: asked for once, read when they are there."""

    def __init__(self, s3: Any, bucket: str, tier: str, days: int) -> None:
        self.s3, self.bucket, self.tier, self.days = s3, bucket, tier, days

    def awake(self, line: Line, record: Record) -> bool:
        """Whether it can be read; asks for its restore if nobody has yet."""
        if record.readable:
            return True
        if not record.asked:
            try:
                self.s3.restore_object(
                    Bucket=self.bucket,
                    Key=line.archive_key,
                    VersionId=line.version,
                    RestoreRequest={"Days": self.days, "GlacierJobParameters": {"Tier": self.tier}},
                )
            except ClientError as error:
                if code(error) != "RestoreAlreadyInProgress":
                    raise
        return False
