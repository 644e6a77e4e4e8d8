"""Permissions at the end of a study: of the archive's operators, and of RDS when it exports the final snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.core import alias, use_key
from components.data import IMAGES_PREFIX, archive_prefix
from layout.documents import Statement, allow, document
from layout.naming import Names

SIGNING = "signing"
SESSION_HOURS = 12  # IAM's maximum; copying a large archive takes hours


def trust_policy(names: Names, operators: Sequence[str]) -> str:
    """Trust policy: the principals named, or anybody of the account who signed in with a second factor.

    Trust in the account's root is not enough: the caller's own policy has to allow `sts:AssumeRole` as well.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    conditions: dict[str, Any] = (
        {"ArnLike": {"aws:PrincipalArn": list(operators)}}
        if operators
        else {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    )
    return document(
        {
            "Sid": "Assume",
            "Effect": "Allow",
            "Principal": {"AWS": names.arn("iam", "root", region="")},
            "Action": "sts:AssumeRole",
            "Condition": conditions,
        }
    )


def statements(names: Names, *, images: str, archive: str, function: str, export_role: str) -> list[Statement]:
    """IAM statements: read images, write and read the study's archive, export database, index and logs, and sign."""
    return [
        *_images(names, images),
        *_archive(names, archive),
        *_database(names, export_role),
        *_logs(names),
        allow("ExportIndex", ["lambda:InvokeFunction"], [function]),
        allow(
            "SignManifest",
            ["kms:Sign", "kms:Verify", "kms:GetPublicKey", "kms:DescribeKey"],
            [names.arn("kms", "key/*")],
            conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias(names, SIGNING)}},
        ),
    ]


def _images(names: Names, bucket: str) -> list[Statement]:
    return [
        allow("ListImages", ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketVersioning"], [bucket]),
        allow(
            "ReadImages",
            ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectAttributes"],
            [f"{bucket}/{IMAGES_PREFIX}/*"],
        ),
        use_key("DecryptImages", names, "images", ["kms:Decrypt"], via="s3"),
    ]


def _archive(names: Names, bucket: str) -> list[Statement]:
    """Never a delete, and never `s3:BypassGovernanceRetention`."""
    return [
        allow(
            "FindArchive",
            [
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:ListBucketMultipartUploads",
                "s3:GetBucketLocation",
                "s3:GetBucketAcl",
                "s3:GetBucketObjectLockConfiguration",
            ],
            [bucket],
        ),
        allow(
            "WriteArchive",
            [
                "s3:PutObject",
                "s3:PutObjectTagging",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectAttributes",
                "s3:GetObjectRetention",
                "s3:RestoreObject",
            ],
            [f"{bucket}/{archive_prefix(names)}/*"],
        ),
        use_key("EncryptArchive", names, "archive", ["kms:Decrypt", "kms:GenerateDataKey"], via="s3"),
    ]


def _database(names: Names, export_role: str) -> list[Statement]:
    """The final snapshot, and its export under the archive's key, for which RDS requires a grant from the caller.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.Setup.html
    """
    cluster = names.arn("rds", f"cluster:{names.database_cluster}")
    snapshots = names.arn("rds", f"cluster-snapshot:{names.prefix}-*")
    grant_actions = ["kms:CreateGrant", "kms:DescribeKey"]
    return [
        allow(
            "SnapshotDatabase",
            [
                "rds:CreateDBClusterSnapshot",
                "rds:DescribeDBClusters",
                "rds:DescribeDBClusterSnapshots",
                "rds:AddTagsToResource",
                "rds:ListTagsForResource",
                "rds:StartExportTask",
            ],
            [cluster, snapshots],
        ),
        allow("FollowExports", ["rds:DescribeExportTasks", "logs:DescribeExportTasks"], ["*"]),
        use_key("SnapshotKey", names, "database", grant_actions, via="rds"),
        use_key("ExportKey", names, "archive", grant_actions, via="rds"),
        allow(
            "PassExportRole",
            ["iam:PassRole"],
            [export_role],
            conditions={"StringEquals": {"iam:PassedToService": "export.rds.amazonaws.com"}},
        ),
    ]


def _logs(names: Names) -> list[Statement]:
    groups = names.arn("logs", f"log-group:*{names.prefix}*")
    return [
        allow("ExportLogs", ["logs:CreateExportTask", "logs:DescribeLogGroups", "logs:DescribeLogStreams"], [groups])
    ]


def snapshot_statements(names: Names, archive: str) -> list[Statement]:
    """IAM statements: RDS may write the export below the study's `database/`.

    RDS also requires permission to delete: in a versioned bucket, that hides an object and removes none.
    """
    return [
        allow("FindArchive", ["s3:ListBucket", "s3:GetBucketLocation"], [archive]),
        allow(
            "WriteExport",
            ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            [f"{archive}/{archive_prefix(names)}/database/*"],
        ),
    ]
