"""Buckets for the study's images, for access logs, and for the archive that outlives the system."""

from __future__ import annotations

import pulumi

from components.core import Component, Platform
from components.data.bucket import LifecycleRules, SecureBucket
from layout.documents import Statement, allow
from layout.naming import Names
from settings import Storage as StorageSettings

IMAGES_PREFIX = "images"
"""Key prefix of every DICOM object; it cannot change once an object is stored."""


def archive_prefix(names: Names) -> str:
    """Prefix of the study in the archive bucket: `studies/<study>/<environment>`."""
    return f"studies/{names.study}/{names.environment}"


def log_exports(names: Names) -> list[Statement]:
    """CloudWatch Logs may write what it exports of this account's log groups below the study's `logs/`.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
    """
    target = names.bucket_arn("archive")
    principal = {"Service": f"logs.{names.region}.amazonaws.com"}
    conditions = {
        "StringEquals": {"aws:SourceAccount": names.account},
        "ArnLike": {"aws:SourceArn": names.arn("logs", "log-group:*")},
    }
    written = [f"{target}/{archive_prefix(names)}/logs/*"]
    return [
        allow("LogExportsAcl", ["s3:GetBucketAcl"], [target], principal=principal, conditions=conditions),
        allow("LogExports", ["s3:PutObject"], written, principal=principal, conditions=conditions),
    ]


def transitions(settings: StorageSettings) -> tuple[tuple[int, str], ...]:
    """Storage classes by age; only classes with millisecond access, because Orthanc never waits for a restore.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
    """
    steps = ((settings.standard_ia_days, "STANDARD_IA"), (settings.glacier_ir_days, "GLACIER_IR"))
    return tuple((days, storage_class) for days, storage_class in steps if days is not None)


def image_lifecycle(settings: StorageSettings) -> LifecycleRules:
    """Lifecycle of images, in their bucket and in its replica."""
    return LifecycleRules(
        transitions=transitions(settings),
        minimum_size_bytes=settings.minimum_size_bytes,
        noncurrent_days=settings.noncurrent_days,
    )


def server_access_logs(target: str, account: str) -> Statement:
    """S3 may write the account's server access logs into the bucket `target` (an ARN), below their prefix."""
    return allow(
        "S3AccessLogs",
        ["s3:PutObject"],
        [f"{target}/s3/*"],
        principal={"Service": "logging.s3.amazonaws.com"},
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )


def log_delivery(names: Names) -> list[Statement]:
    """S3 and the load balancers may write their access logs, each below its own prefix and for this account only.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    target = names.bucket_arn("access-logs")
    return [
        server_access_logs(target, names.account),
        allow(
            "LoadBalancerLogs",
            ["s3:PutObject"],
            [f"{target}/alb/AWSLogs/{names.account}/*"],
            principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        ),
        allow(
            "NetworkLoadBalancerLogs",
            ["s3:PutObject"],
            [f"{target}/nlb/AWSLogs/{names.account}/*"],
            principal={"Service": "delivery.logs.amazonaws.com"},
            conditions={"StringEquals": {"aws:SourceAccount": names.account}},
        ),
        allow(
            "NetworkLoadBalancerLogsAcl",
            ["s3:GetBucketAcl"],
            [target],
            principal={"Service": "delivery.logs.amazonaws.com"},
            conditions={"StringEquals": {"aws:SourceAccount": names.account}},
        ),
    ]


class ImageStorage(Component):
    """Creates the image bucket, the archive bucket and the bucket for access logs.

    Guarantees: images are versioned, encrypted with their own key and readable at once in every storage class they
    may reach; the archive cannot be altered before its lock ends; every access to either is logged; archive and log
    stay when the stack is destroyed.
    """

    TYPE = "imgstore:storage:ImageStorage"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: StorageSettings,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.access_logs = SecureBucket(
            self.child("access-logs"),
            base,
            bucket_name=self.names.bucket("access-logs"),
            classification="operational",
            key=None,
            lifecycle=LifecycleRules(expiration_days=base.retention.audit),
            statements=log_delivery(self.names),
            retained=True,
            opts=self.options(),
        )
        self.images = SecureBucket(
            self.child("images"),
            base,
            bucket_name=self.names.bucket("images"),
            classification=self.names.data,
            key=self.keys.images,
            lifecycle=image_lifecycle(settings),
            logs_to=self.access_logs,
            opts=self.options(),
        )
        self.archive = SecureBucket(
            self.child("archive"),
            base,
            bucket_name=self.names.bucket("archive"),
            classification=self.names.data,
            key=self.keys.archive,
            lifecycle=LifecycleRules(noncurrent_days=settings.archive_lock_days),
            logs_to=self.access_logs,
            lock_days=settings.archive_lock_days,
            statements=log_exports(self.names) if self.lifecycle.archiving else (),
            retained=True,
            opts=self.options(),
        )
        self.register_outputs({"images": self.images.name, "archive": self.archive.name})
