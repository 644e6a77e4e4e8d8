"""Restore requests: objects in DEEP_ARCHIVE are requested once, and read when S3 has restored them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ops.study.manifest.lines import Line
from ops.study.store.errors import ArchiveError, code

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import TierType

ARCHIVED_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
RETRIEVAL_HOURS = {
    ("DEEP_ARCHIVE", "Standard"): 12,
    ("DEEP_ARCHIVE", "Bulk"): 48,
    ("GLACIER", "Expedited"): 1,
    ("GLACIER", "Standard"): 5,
    ("GLACIER", "Bulk"): 12,
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html"""


def retrieval_hours(storage_class: str, tier: str) -> int:
    """Hours until S3 has restored an object; ArchiveError if the class does not offer the tier."""
    if (storage_class, tier) not in RETRIEVAL_HOURS:
        tiers = ", ".join(sorted(t for c, t in RETRIEVAL_HOURS if c == storage_class))
        raise ArchiveError(f"{storage_class} does not offer the retrieval tier {tier}: use {tiers}")
    return RETRIEVAL_HOURS[storage_class, tier]


@dataclass(frozen=True, kw_only=True)
class ObjectRecord:
    """What S3 says about an object without reading it, and the problems with that."""

    problems: tuple[str, ...] = ()
    until: datetime | None = None
    restore: str = ""
    storage_class: str = "STANDARD"
    gone: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether its bytes can be read now."""
        return self.storage_class not in ARCHIVED_CLASSES or 'ongoing-request="false"' in self.restore

    @property
    def is_requested(self) -> bool:
        """Whether S3 is restoring it."""
        return 'ongoing-request="true"' in self.restore


class RestoreRequests:
    """Restore requests for objects of one bucket."""

    def __init__(self, s3: S3Client, bucket: str, tier: TierType, days: int) -> None:
        self.s3, self.bucket, self.tier, self.days = s3, bucket, tier, days

    def is_restored(self, line: Line, record: ObjectRecord) -> bool:
        """Whether the object can be read; requests its restore if nobody has."""
        if record.is_readable:
            return True
        if not record.is_requested:
            try:
                self.s3.restore_object(
                    Bucket=self.bucket,
                    Key=line.archive_key or "",
                    VersionId=line.version or "",
                    RestoreRequest={"Days": self.days, "GlacierJobParameters": {"Tier": self.tier}},
                )
            except ClientError as error:
                if code(error) != "RestoreAlreadyInProgress":
                    raise
        return False
