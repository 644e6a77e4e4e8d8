"""Records of the end in the archive bucket: small JSON objects that Object Lock protects like the archive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.study.errors import code, explain_failure
from ops.study.outputs import StudyOutputs

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Record = dict[str, Any]
FREEZE, TEARDOWN = "freeze.json", "teardown.json"
NOT_FOUND = frozenset({"NoSuchKey", "NoSuchBucket", "404", "NotFound"})


def read(s3: S3Client, outputs: StudyOutputs, name: str) -> Record | None:
    """The newest version of a record, or None."""
    with explain_failure(f"reading s3://{outputs.archive_bucket}/{outputs.archive_prefix}/{name}"):
        try:
            answer = s3.get_object(Bucket=outputs.archive_bucket, Key=f"{outputs.archive_prefix}/{name}")
        except ClientError as error:
            if code(error) in NOT_FOUND:
                return None
            raise
        return json.loads(answer["Body"].read())


def write(s3: S3Client, outputs: StudyOutputs, name: str, record: Record) -> None:
    """Writes a new version of a record; all versions are kept."""
    with explain_failure(f"writing s3://{outputs.archive_bucket}/{outputs.archive_prefix}/{name}"):
        s3.put_object(
            Bucket=outputs.archive_bucket,
            Key=f"{outputs.archive_prefix}/{name}",
            Body=json.dumps(record, indent=1, sort_keys=True).encode() + b"\n",
            ContentType="application/json",
            ChecksumAlgorithm="SHA256",  # a bucket with Object Lock requires a checksum
        )
