"""Checks the final snapshot of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ops.study.store.errors import code, explain_failure
from ops.study.verify.comparison import ARCHIVE_AGAIN

if TYPE_CHECKING:
    from types_boto3_rds import RDSClient


def snapshot_problems(rds: RDSClient, arn: str, key: str) -> list[str]:
    """Problems unless the snapshot is available and encrypted with `key`."""
    with explain_failure("looking for the snapshot"):
        try:
            answer = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=arn.rsplit(":", 1)[1])
            snapshots = answer["DBClusterSnapshots"]
        except ClientError as error:
            if code(error) != "DBClusterSnapshotNotFoundFault":
                raise
            snapshots = []
    if snapshots and snapshots[0]["Status"] == "available" and snapshots[0].get("KmsKeyId") == key:
        return []
    status = snapshots[0]["Status"] if snapshots else "gone"
    return [f"the snapshot is {status}, or not encrypted with the key {key}: {ARCHIVE_AGAIN}"]
