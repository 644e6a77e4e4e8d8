"""Records of the end, beside the archive: small JSON objects that are locked like the archive itself."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from ops.study.errors import code, explained
from ops.study.facts import Facts

FREEZE, TEARDOWN = "freeze.json", "teardown.json"
ABSENT = frozenset({"NoSuchKey", "NoSuchBucket", "404", "NotFound"})


def read(s3: Any, facts: Facts, name: str) -> dict[str, Any] | None:
    """The newest version of a record, if there is one."""
    with explained(f"reading s3://{facts.archive_bucket}/{facts.archive_prefix}/{name}"):
        try:
            answer = s3.get_object(Bucket=facts.archive_bucket, Key=f"{facts.archive_prefix}/{name}")
        except ClientError as error:
            if code(error) in ABSENT:
                return None
            raise
        return json.loads(answer["Body"].read())


def write(s3: Any, facts: Facts, name: str, record: dict[str, Any]) -> None:
    """Writes a new version of a record; every version stays."""
    with explained(f"writing s3://{facts.archive_bucket}/{facts.archive_prefix}/{name}"):
        s3.put_object(
            Bucket=facts.archive_bucket,
            Key=f"{facts.archive_prefix}/{name}",
            Body=json.dumps(record, indent=1, sort_keys=True).encode() + b"\n",
            ContentType="application/json",
            ChecksumAlgorithm="SHA256",  # a bucket with Object Lock takes nothing without a checksum
        )
