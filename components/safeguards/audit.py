"""The audit trail: who did what in the account and who read which image, in immutable records with alarms."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import cloudtrail

from components.core import Component, LogSource, Platform, ServiceRole, log_group
from components.data import LifecycleRules, SecureBucket
from components.safeguards.log_metric_alarms import TRAIL, log_metric_alarm
from layout.documents import Statement, allow, trust_any_source


def trail_delivery(bucket_arn: str, trail_arn: str, account: str) -> list[Statement]:
    """Bucket policy statements: only the trail may write its records, below the account's own prefix.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
    """
    principal = {"Service": "cloudtrail.amazonaws.com"}
    source = {"aws:SourceArn": trail_arn}
    return [
        allow(
            "TrailAclCheck", ["s3:GetBucketAcl"], [bucket_arn], principal=principal, conditions={"StringEquals": source}
        ),
        allow(
            "TrailRecords",
            ["s3:PutObject"],
            [f"{bucket_arn}/AWSLogs/{account}/*"],
            principal=principal,
            conditions={"StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}},
        ),
    ]


def selectors(bucket_arns: Sequence[str]) -> list[cloudtrail.TrailAdvancedEventSelectorArgs]:
    """All management events, and every read and write of an object in the buckets."""
    fields = {
        "Management": {"eventCategory": ["Management"]},
        "Images": {"eventCategory": ["Data"], "resources.type": ["AWS::S3::Object"]},
    }
    chosen = {
        name: [
            cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(field=field, equals=values)
            for field, values in equals.items()
        ]
        for name, equals in fields.items()
    }
    chosen["Images"].append(
        cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(
            field="resources.ARN", starts_withs=[f"{arn}/" for arn in bucket_arns]
        )
    )
    return [
        cloudtrail.TrailAdvancedEventSelectorArgs(name=name, field_selectors=matches)
        for name, matches in chosen.items()
    ]


class AuditTrail(Component):
    """Creates a trail of all Regions, its bucket and log group, and an alarm per kind of event in `TRAIL`.

    Guarantees: every management event and every access to an object of `watched` is recorded, in files whose
    integrity can be validated, encrypted with a key of their own, locked as long as audit logs are kept, and left in
    AWS when the stack is destroyed.
    """

    TYPE = "imgstore:audit:AuditTrail"

    def __init__(
        self,
        name: str,
        base: Platform,
        *,
        watched: Sequence[SecureBucket],
        logs_to: SecureBucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.trail_name = self.names.trail
        trail_arn = self.names.arn("cloudtrail", f"trail/{self.trail_name}")
        bucket_name = self.names.bucket("audit")
        self.records = SecureBucket(
            self.child("records"),
            base,
            bucket_name=bucket_name,
            classification="audit",
            key=self.keys.audit,
            lifecycle=LifecycleRules(expiration_days=base.retention.audit),
            logs_to=logs_to,
            lock_days=base.retention.audit,
            statements=trail_delivery(self.names.bucket_arn("audit"), trail_arn, self.names.account),
            retained=True,
            opts=self.options(),
        )
        self.logs = log_group(
            self,
            "logs",
            name=self.names.log_group("cloudtrail"),
            source_type="aws:cloudtrail",
        )
        self.trail = self._trail(watched)
        for suffix, event in TRAIL.items():
            log_metric_alarm(self, suffix, event, logs=self.logs)
        self.register_outputs({"trail": self.trail.arn, "records": self.records.name})

    def _trail(self, watched: Sequence[SecureBucket]) -> cloudtrail.Trail:
        writer = ServiceRole(
            self.child("writer"),
            self.base,
            # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
            assume=trust_any_source("cloudtrail.amazonaws.com"),
            statements=[_write_statement(self.logs, self.names.account, self.names.region)],
            opts=self.options(),
        )
        return cloudtrail.Trail(
            self.child("trail"),
            name=self.trail_name,
            s3_bucket_name=self.records.bucket.bucket,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=self.keys.audit.arn,
            cloud_watch_logs_group_arn=pulumi.Output.concat(self.logs.group.arn, ":*"),
            cloud_watch_logs_role_arn=writer.ready,
            advanced_event_selectors=selectors([bucket.arn for bucket in watched]),
            tags=self.names.tags("audit", "audit"),
            # CloudTrail checks the bucket's policy when the trail is created. Replacing the trail would leave a gap.
            opts=self.stateful(depends_on=[self.records.policy]),
        )


def _write_statement(logs: LogSource, account: str, region: str) -> Statement:
    streams = f"{logs.arn}:log-stream:{account}_CloudTrail_{region}*"
    return allow("WriteEvents", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams])
