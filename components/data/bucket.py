"""The one way to create a bucket here: with every safeguard on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms, s3

from components.core import Scope, ScopedComponent
from layout.documents import Statement, document, tls_only

UPLOAD_ABORT_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class LifecycleRules:
    """When objects change their storage class and expire, in days. `transitions`: (age, storage class), in order."""

    transitions: tuple[tuple[int, str], ...] = ()
    minimum_size_bytes: int | None = None
    noncurrent_days: int = 90
    expiration_days: int | None = None


def lifecycle_rules(rules: LifecycleRules) -> list[s3.BucketLifecycleConfigurationRuleArgs]:
    """A rule that moves large objects to colder classes (small ones would cost more there), and one that cleans up."""
    cleanup = s3.BucketLifecycleConfigurationRuleArgs(
        id="tidy",
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        expiration=None
        if rules.expiration_days is None
        else s3.BucketLifecycleConfigurationRuleExpirationArgs(days=rules.expiration_days),
        noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=rules.noncurrent_days
        ),
        abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=UPLOAD_ABORT_DAYS
        ),
    )
    if not rules.transitions:
        return [cleanup]
    move = s3.BucketLifecycleConfigurationRuleArgs(
        id="colder-with-age",
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(object_size_greater_than=rules.minimum_size_bytes or 0),
        transitions=[
            s3.BucketLifecycleConfigurationRuleTransitionArgs(days=days, storage_class=storage_class)
            for days, storage_class in rules.transitions
        ],
    )
    return [move, cleanup]


class SecureBucket(ScopedComponent):
    """Creates a bucket with its public access block, ownership, versioning, encryption, policy, lifecycle and events,
    and, where requested, access logging and Object Lock.

    Guarantees: no public access, ACLs off, TLS 1.2 or newer, versions kept, default encryption with `key` (SSE-S3 only
    where `key` is None, for log targets: AWS supports no other encryption there). `retained` buckets stay in AWS
    when the stack is destroyed.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """

    TYPE = "imgstore:bucket:SecureBucket"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        bucket_name: str,
        classification: str,
        key: kms.Key | None,
        lifecycle: LifecycleRules,
        logs_to: SecureBucket | None = None,
        lock_days: int | None = None,
        statements: Sequence[Statement] = (),
        retained: bool = False,
        region: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.region = region
        self.retained = retained
        self.name = bucket_name
        self.arn = self.names.arn("s3", bucket_name, region="", account="")
        self.bucket = s3.Bucket(
            self.child("bucket"),
            bucket=bucket_name,
            object_lock_enabled=lock_days is not None,
            force_destroy=self.lifecycle.emptied and not retained,
            region=region,
            tags=self.names.tags(name, classification),
            opts=self.stateful(retain_on_delete=retained),
        )
        self._access(statements)
        self.versioning = self._versioning()
        self._encryption(key)
        self._lifecycle(lifecycle)
        if logs_to is not None:
            self._logging(logs_to.bucket)
        if lock_days is not None:
            self._object_lock(lock_days)
        self.register_outputs({"bucket": self.bucket.bucket, "arn": self.bucket.arn})

    def _settings(self) -> pulumi.ResourceOptions:
        # A retained bucket keeps its safeguards, or it would remain in AWS without them.
        return self.options(retain_on_delete=self.retained)

    def _access(self, statements: Sequence[Statement]) -> None:
        block = s3.BucketPublicAccessBlock(
            self.child("private"),
            bucket=self.bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=self.region,
            opts=self._settings(),
        )
        s3.BucketOwnershipControls(
            self.child("ownership"),
            bucket=self.bucket.bucket,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            region=self.region,
            opts=self._settings(),
        )
        # S3 rejects concurrent changes of a bucket's access, so the policy waits for the public access block.
        self.policy = s3.BucketPolicy(
            self.child("access"),
            bucket=self.bucket.bucket,
            policy=document(*tls_only(self.arn), *statements),
            region=self.region,
            opts=self.options(retain_on_delete=self.retained, depends_on=[block]),
        )
        s3.BucketNotification(
            self.child("events"),
            bucket=self.bucket.bucket,
            eventbridge=True,
            region=self.region,
            opts=self._settings(),
        )

    def _versioning(self) -> s3.BucketVersioning:
        return s3.BucketVersioning(
            self.child("versions"),
            bucket=self.bucket.bucket,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            region=self.region,
            opts=self._settings(),
        )

    def _encryption(self, key: kms.Key | None) -> None:
        default = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256" if key is None else "aws:kms",
            kms_master_key_id=None if key is None else key.arn,
        )
        rule = s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=default,
            bucket_key_enabled=None if key is None else True,
            blocked_encryption_types=["SSE-C"],
        )
        s3.BucketServerSideEncryptionConfiguration(
            self.child("encryption"),
            bucket=self.bucket.bucket,
            rules=[rule],
            region=self.region,
            opts=self._settings(),
        )

    def _lifecycle(self, lifecycle: LifecycleRules) -> None:
        s3.BucketLifecycleConfiguration(
            self.child("lifecycle"),
            bucket=self.bucket.bucket,
            rules=lifecycle_rules(lifecycle),
            region=self.region,
            opts=self.options(retain_on_delete=self.retained, depends_on=[self.versioning]),
        )

    def _logging(self, target: s3.Bucket) -> None:
        s3.BucketLogging(
            self.child("access-logging"),
            bucket=self.bucket.bucket,
            target_bucket=target.bucket,
            target_prefix=f"s3/{self.name}/",
            region=self.region,
            opts=self._settings(),
        )

    def _object_lock(self, days: int) -> None:
        retention = s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(mode="GOVERNANCE", days=days)
        s3.BucketObjectLockConfiguration(
            self.child("lock"),
            bucket=self.bucket.bucket,
            rule=s3.BucketObjectLockConfigurationRuleArgs(default_retention=retention),
            region=self.region,
            opts=self.options(retain_on_delete=self.retained, depends_on=[self.versioning]),
        )
