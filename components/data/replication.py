"""Replication of the images to another Region, under another key."""

from __future__ import annotations

import pulumi
from pulumi_aws import s3

from components.core import Component, Condition, Metric, Platform, ServiceRole, alarm, use_key
from components.data.bucket import LifecycleRules, SecureBucket
from components.data.storage import ImageStorage, image_lifecycle, server_access_logs
from layout.documents import Statement, allow, trust_any_source
from layout.naming import Names
from settings import Storage as StorageSettings

RULE = "every-image"


def replication_statements(names: Names, *, source_arn: str, copy_arn: str, region: str) -> list[Statement]:
    """S3 may read versions here and write them there, under each side's own key, through S3 alone; never delete.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    """
    return [
        allow("FindImages", ["s3:GetReplicationConfiguration", "s3:ListBucket"], [source_arn]),
        allow(
            "ReadImages",
            ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
            [f"{source_arn}/*"],
        ),
        allow("WriteCopies", ["s3:ReplicateObject", "s3:ReplicateTags"], [f"{copy_arn}/*"]),
        use_key("DecryptImages", names, "images", ["kms:Decrypt"], via="s3"),
        use_key("EncryptCopies", names, "images", ["kms:Encrypt", "kms:GenerateDataKey"], via="s3", region=region),
    ]


class ImageReplication(Component):
    """Creates the bucket of copies in `region`, its access-log bucket, and the replication rule.

    Guarantees: every image stored from now on is copied; a deletion here is not repeated there (delete markers are not
    replicated); the copy is as encrypted, closed and logged as the original; a failed copy raises an alarm.
    """

    TYPE = "imgstore:replication:ImageReplication"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: StorageSettings,
        *,
        region: str,
        storage: ImageStorage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        logs_name = self.names.bucket("access-logs", region)
        logs_arn = self.names.arn("s3", logs_name, region="", account="")
        # S3 delivers server access logs only within the Region of the source bucket.
        self.access_logs = SecureBucket(
            self.child("access-logs"),
            base,
            bucket_name=logs_name,
            classification="operational",
            key=None,
            lifecycle=LifecycleRules(expiration_days=base.retention.audit),
            statements=[server_access_logs(logs_arn, self.names.account)],
            retained=True,
            region=region,
            opts=self.options(),
        )
        self.images = SecureBucket(
            self.child("images"),
            base,
            bucket_name=self.names.bucket("images", region),
            classification=self.names.data,
            key=self.keys.copy("images"),
            lifecycle=image_lifecycle(settings),
            logs_to=self.access_logs,
            region=region,
            opts=self.options(),
        )
        role = ServiceRole(
            self.child("copier"),
            base,
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
            assume=trust_any_source("s3.amazonaws.com"),
            statements=replication_statements(
                self.names, source_arn=storage.images.arn, copy_arn=self.images.arn, region=region
            ),
            opts=self.options(),
        )
        self._replicate(storage.images, role)
        alarm(
            self,
            "failed",
            metric=Metric(
                namespace="AWS/S3",
                name="OperationsFailedReplication",
                dimensions={
                    "SourceBucket": storage.images.name,
                    "DestinationBucket": self.images.name,
                    "RuleId": RULE,
                },
            ),
            condition=Condition(comparison="GreaterThanThreshold", value=0),
            description=f"Images could not be copied to {region}",
        )
        self.register_outputs({"images": self.images.name})

    def _replicate(self, source: SecureBucket, role: ServiceRole) -> None:
        rule = s3.BucketReplicationConfigRuleArgs(
            id=RULE,
            status="Enabled",
            priority=0,
            filter=s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
            delete_marker_replication=s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(status="Disabled"),
            source_selection_criteria=s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
                sse_kms_encrypted_objects=s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
                    status="Enabled"
                )
            ),
            destination=s3.BucketReplicationConfigRuleDestinationArgs(
                bucket=self.images.bucket.arn,
                encryption_configuration=s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                    replica_kms_key_id=self.keys.copy("images").arn
                ),
                metrics=s3.BucketReplicationConfigRuleDestinationMetricsArgs(status="Enabled"),
            ),
        )
        s3.BucketReplicationConfig(
            self.child("rule"),
            bucket=source.bucket.bucket,
            role=role.ready,
            rules=[rule],
            opts=self.options(depends_on=[source.versioning, self.images.versioning]),
        )
