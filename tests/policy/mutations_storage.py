"""Mutations of this project's own plans that violate the rules for storage."""

from __future__ import annotations

from typing import Any

from tests.policy.mutations import Mutations, drop
from tests.unit.contracts.edit import edit_named, edit_nested, in_json, in_statement, without_statement

DEFAULT = "rules.0.applyServerSideEncryptionByDefault"

NOT_OURS = {
    "EFS-01": "the store has no file system",
    "EFS-02": "the store has no file system",
}


def allow_everyone(document: dict[str, Any]) -> None:
    """Lets everyone read the images."""
    everyone = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject", "Resource": "*"}
    document["Statement"].append(everyone)


MUTATIONS: Mutations = {
    "no public access block": ("dev", drop("storage-images-private"), frozenset({"S3-01"})),
    "public policies allowed": (
        "prod",
        edit_named("audit-records-private", blockPublicPolicy=False),
        frozenset({"S3-01"}),
    ),
    "a public policy": ("dev", in_json("storage-images-access", "policy", allow_everyone), frozenset({"S3-02"})),
    "a public ACL": ("prod", edit_named("storage-images-bucket", acl="public-read"), frozenset({"S3-02"})),
    "ACLs enabled": (
        "prod",
        edit_named("splunk-failed-ownership", rule={"objectOwnership": "ObjectWriter"}),
        frozenset({"S3-03"}),
    ),
    "no ownership controls": ("dev", drop("storage-archive-ownership"), frozenset({"S3-03"})),
    "versioning suspended": (
        "prod",
        edit_nested("replication-images-versions", "versioningConfiguration.status", "Suspended"),
        frozenset({"S3-04"}),
    ),
    "no versioning": ("dev", drop("audit-records-versions"), frozenset({"S3-04"})),
    "SSE-S3": (
        "dev",
        edit_nested("storage-images-encryption", f"{DEFAULT}.sseAlgorithm", "AES256"),
        frozenset({"S3-05"}),
    ),
    "AWS's own key": (
        "prod",
        edit_nested("storage-archive-encryption", f"{DEFAULT}.kmsMasterKeyId", "alias/aws/s3"),
        frozenset({"S3-05"}),
    ),
    "no bucket key": (
        "dev",
        edit_nested("storage-images-encryption", "rules.0.bucketKeyEnabled", None),
        frozenset({"S3-05"}),
    ),
    "no default encryption": ("prod", drop("splunk-failed-encryption"), frozenset({"S3-05"})),
    "plain HTTP allowed": ("prod", without_statement("storage-images-access", "RefusePlainHttp"), frozenset({"S3-06"})),
    "plain HTTP for objects": (
        "dev",
        in_statement(
            "storage-archive-access", "RefusePlainHttp", Resource=["arn:aws:s3:::octank-dev-archive-111122223333"]
        ),
        frozenset({"S3-06"}),
    ),
    "no bucket policy": ("dev", drop("storage-access-logs-access"), frozenset({"S3-06"})),
    "no access logging of images": ("dev", drop("storage-images-access-logging"), frozenset({"S3-07"})),
    # Without deliveries, the logging bucket is no longer exempt from encryption with a KMS key.
    "no access logging of replicas": ("prod", drop("replication-images-access-logging"), frozenset({"S3-05", "S3-07"})),
    "replication disabled": (
        "prod",
        edit_nested("replication-rule", "rules.0.status", "Disabled"),
        frozenset({"S3-08"}),
    ),
    "no lock of audit files": ("prod", drop("audit-records-lock"), frozenset({"S3-09"})),
    "an archive without Object Lock": (
        "dev",
        edit_named("storage-archive-bucket", objectLockEnabled=False),
        frozenset({"S3-09"}),
    ),
    "noncurrent versions that never expire": (
        "prod",
        edit_nested("audit-records-lifecycle", "rules.0.noncurrentVersionExpiration", None),
        frozenset({"S3-10"}),
    ),
    "lifecycle disabled": (
        "dev",
        edit_nested("storage-images-lifecycle", "rules.1.status", "Disabled"),
        frozenset({"S3-10"}),
    ),
    "no lifecycle": ("prod", drop("baseline-history-lifecycle"), frozenset({"S3-10"})),
    "no event notifications": ("dev", edit_named("storage-images-events", eventbridge=None), frozenset({"S3-11"})),
}
