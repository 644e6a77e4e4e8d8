"""GuardDuty, Access Analyzer and Config for an account that has none of them yet."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import accessanalyzer, cfg, cloudwatch, guardduty

from components.core import Component, LogSource, Platform, ServiceRole, log_group, use_key
from components.data import LifecycleRules, SecureBucket
from components.safeguards.log_metric_alarms import FINDINGS, log_metric_alarm
from layout.documents import allow, document, trust
from layout.naming import check_name

SOURCES = ("aws.guardduty", "aws.access-analyzer")


def findings_delivery(log_arn: str, rule_arn: str) -> str:
    """Resource policy: the rule, and no other, may write to the log of findings.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
    """
    principal = {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
    return document(
        allow("MakeStream", ["logs:CreateLogStream"], [f"{log_arn}:*"], principal=principal),
        allow(
            "WriteFindings",
            ["logs:PutLogEvents"],
            [f"{log_arn}:*:*"],
            principal=principal,
            conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
        ),
    )


class AccountBaseline(Component):
    """Enables GuardDuty (S3 data events too), IAM Access Analyzer and AWS Config for the account and Region, writes
    their findings to a log group and sets an alarm on those of medium severity or above.

    An account holds one detector and one recorder per Region, so this fails where an organisation made them already;
    `audit.account_baseline` is then false.
    """

    TYPE = "imgstore:baseline:AccountBaseline"

    def __init__(
        self,
        name: str,
        base: Platform,
        *,
        logs_to: SecureBucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.logs = self._findings()
        for suffix, event in FINDINGS.items():
            log_metric_alarm(self, suffix, event, logs=self.logs)
        detector = guardduty.Detector(
            self.child("threats"),
            enable=True,
            finding_publishing_frequency="FIFTEEN_MINUTES",
            tags=self.names.tags("threats"),
            opts=self.options(),
        )
        guardduty.DetectorFeature(
            self.child("image-access"),
            detector_id=detector.id,
            name="S3_DATA_EVENTS",
            status="ENABLED",
            opts=self.options(),
        )
        accessanalyzer.Analyzer(
            self.child("outside-access"),
            analyzer_name=self.names.of("accessanalyzer.Analyzer", "outside-access"),
            type="ACCOUNT",
            tags=self.names.tags("outside-access"),
            opts=self.options(),
        )
        self._recorder(logs_to)
        self.register_outputs({"detector": detector.id})

    def _findings(self) -> LogSource:
        logs = log_group(
            self,
            "findings",
            # EventBridge writes to no group outside /aws/events.
            name=check_name("cloudwatch.LogGroup", f"/aws/events/{self.names.prefix}/findings"),
            source_type="aws:findings",
        )
        rule_name = self.names.of("cloudwatch.EventRule", "findings")
        policy = cloudwatch.LogResourcePolicy(
            self.child("findings-delivery"),
            policy_name=self.names.of("cloudwatch.LogResourcePolicy", "findings"),
            policy_document=findings_delivery(logs.arn, self.names.arn("events", f"rule/{rule_name}")),
            opts=self.options(),
        )
        rule = cloudwatch.EventRule(
            self.child("findings-rule"),
            name=rule_name,
            description="Findings of GuardDuty and Access Analyzer go to their log",
            event_pattern=json.dumps({"source": SOURCES}),
            tags=self.names.tags("findings"),
            opts=self.options(),
        )
        cloudwatch.EventTarget(
            self.child("findings-target"),
            rule=rule.name,
            target_id="log",
            arn=logs.group.arn,
            opts=self.options(depends_on=[policy]),
        )
        return logs

    def _recorder(self, logs_to: SecureBucket) -> None:
        history = SecureBucket(
            self.child("history"),
            self.base,
            bucket_name=self.names.bucket("config"),
            classification="audit",
            key=self.keys.audit,
            lifecycle=LifecycleRules(expiration_days=self.base.retention.audit),
            logs_to=logs_to,
            opts=self.options(),
        )
        role = ServiceRole(
            self.child("recorder"),
            self.base,
            assume=trust("config.amazonaws.com", self.names.account),
            managed=["arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"],
            statements=[
                allow("FindBucket", ["s3:GetBucketAcl", "s3:ListBucket"], [history.arn]),
                allow("WriteHistory", ["s3:PutObject"], [f"{history.arn}/AWSLogs/{self.names.account}/*"]),
                use_key("EncryptHistory", self.names, "audit", ["kms:Decrypt", "kms:GenerateDataKey"], via="s3"),
            ],
            opts=self.options(),
        )
        recorder = cfg.Recorder(
            self.child("configuration"),
            name=self.names.of("cfg.Recorder", "configuration"),
            role_arn=role.ready,
            recording_group=cfg.RecorderRecordingGroupArgs(all_supported=True, include_global_resource_types=True),
            opts=self.options(),
        )
        channel = cfg.DeliveryChannel(
            self.child("delivery"),
            name=self.names.of("cfg.DeliveryChannel", "configuration"),
            s3_bucket_name=history.bucket.bucket,
            s3_kms_key_arn=self.keys.audit.arn,
            opts=self.options(depends_on=[recorder, history.policy]),
        )
        cfg.RecorderStatus(
            self.child("recording"),
            name=recorder.name,
            is_enabled=True,
            opts=self.options(depends_on=[channel]),
        )
