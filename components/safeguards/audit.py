"""Who did what in the account, and who read which image: recorded where nobody can alter it, watched as it happens."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import cloudtrail

from components.core.alarms import AlarmTopic
from components.core.base import Component, Scope
from components.core.keys import Keys
from components.core.logs import LogSource, log_group
from components.core.roles import ServiceRole
from components.data.bucket import LifecycleRules, SecureBucket
from components.safeguards import log_metric_alarms as watches
from layout.documents import Statement, allow, trust


def trail_delivery(bucket_arn: str, trail_arn: str, account: str) -> list[Statement]:
    """The trail alone may write its records, below the account's own prefix.

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
    """Creates a trail of all Regions, its bucket and log group, and an alarm per kind of event of `watches.TRAIL`.

    Guarantees: every management event and every access to an object of `watched` is recorded, in files whose
    integrity can be validated, encrypted with a key of their own, locked as long as audit logs are kept, and left in
    AWS when the stack is destroyed.
    """

    TYPE = "imgstore:audit:AuditTrail"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        watched: Sequence[SecureBucket],
        logs_to: SecureBucket,
        keys: Keys,
        topic: AlarmTopic,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.trail_name = self.names.of("cloudtrail.Trail", "audit")
        trail_arn = self.names.arn("cloudtrail", f"trail/{self.trail_name}")
        bucket_name = self.names.bucket("audit")
        self.records = SecureBucket(
            self.child("records"),
            scope,
            bucket_name=bucket_name,
            classification="audit",
            key=keys.audit,
            lifecycle=LifecycleRules(expiration_days=scope.retention.audit),
            logs_to=logs_to.bucket,
            lock_days=scope.retention.audit,
            statements=trail_delivery(self.names.bucket_arn("audit"), trail_arn, self.names.account),
            retained=True,
            opts=self.options(),
        )
        self.logs = log_group(
            self,
            "logs",
            name=self.names.log_group("cloudtrail"),
            source_type="aws:cloudtrail",
            keys=keys,
        )
        self.trail = self._trail(watched, keys)
        for suffix, watched_for in watches.TRAIL.items():
            watches.watch(self, suffix, watched_for, logs=self.logs, topic=topic)
        self.register_outputs({"trail": self.trail.arn, "records": self.records.name})

    def _trail(self, watched: Sequence[SecureBucket], keys: Keys) -> cloudtrail.Trail:
        writer = ServiceRole(
            self.child("writer"),
            self.scope,
            assume=trust("cloudtrail.amazonaws.com", self.names.account),
            statements=[_writes(self.logs, self.names.account, self.names.region)],
            opts=self.options(),
        )
        return cloudtrail.Trail(
            self.child("trail"),
            name=self.trail_name,
            s3_bucket_name=self.records.bucket.bucket,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=keys.audit.arn,
            cloud_watch_logs_group_arn=pulumi.Output.concat(self.logs.group.arn, ":*"),
            cloud_watch_logs_role_arn=writer.ready,
            advanced_event_selectors=selectors([bucket.arn for bucket in watched]),
            tags=self.names.tags("audit", "audit"),
            # CloudTrail tries the bucket's policy when the trail is made. Between two trails nothing would be recorded.
            opts=self.stateful(depends_on=[self.records.policy]),
        )


def _writes(logs: LogSource, account: str, region: str) -> Statement:
    streams = f"{logs.arn}:log-stream:{account}_CloudTrail_{region}*"
    return allow("WriteEvents", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams])
