"""Logs to Splunk: from log groups through Firehose to the HTTP Event Collector."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pulumi
from pulumi_aws import cloudwatch, kinesis

from components.core import (
    Component,
    Condition,
    LogSource,
    Metric,
    Platform,
    ServiceRole,
    Statistic,
    alarm,
    log_group,
    use_key,
)
from components.data import LifecycleRules, SecureBucket
from layout.documents import Statement, allow, trust
from layout.naming import Names
from settings import SplunkSettings

RETRY_SECONDS = 3600
"""How long Firehose retries before it writes an event to the bucket; the maximum is 7200."""

ALARMS: dict[str, tuple[Statistic, Condition, str]] = {
    "Success": (
        "Average",
        Condition(comparison="LessThanThreshold", value=1, periods=3),
        "Splunk refuses or does not acknowledge events; see docs/runbooks/splunk-outage.md",
    ),
    "DataFreshness": (
        "Maximum",
        Condition(comparison="GreaterThanThreshold", value=900, periods=3),
        "The oldest event not yet in Splunk is over 15 minutes old; see docs/runbooks/splunk-outage.md",
    ),
}
"""By `DeliveryToSplunk.` metric; https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html"""


def slug(text: str) -> str:
    """`text` as part of a name: `aws:cloudwatchlogs:vpcflow` becomes `aws-cloudwatchlogs-vpcflow`."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def tokens(settings: SplunkSettings, sources: Sequence[LogSource]) -> dict[str, str]:
    """ARN of the token's secret for each source type in use, sorted by type."""
    occurring = sorted({source.source_type for source in sources})
    if missing := [kind for kind in occurring if kind not in settings.token_secrets]:
        raise ValueError(
            f"logging.splunk.token_secrets has no token for {', '.join(missing)}; index and source type come from the "
            "token, so every source type needs one. Store it in Secrets Manager and name its ARN."
        )
    return {kind: settings.token_secrets[kind] for kind in occurring}


def delivery_statements(
    names: Names, *, secrets: Sequence[str], bucket_arn: str, error_log: LogSource
) -> list[Statement]:
    """IAM statements: Firehose may read the tokens, write failed events to their bucket, and log its errors.

    The owner of a token chose its key, so decryption is restricted to the secrets instead of to a key.
    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-splunk
    """
    via_secrets = f"secretsmanager.{names.region}.amazonaws.com"
    return [
        allow("ReadTokens", ["secretsmanager:GetSecretValue"], secrets),
        allow(
            "DecryptTokens",
            ["kms:Decrypt"],
            [names.arn("kms", "key/*")],
            conditions={
                "StringEquals": {"kms:ViaService": via_secrets, "kms:EncryptionContext:SecretARN": list(secrets)}
            },
        ),
        allow(
            "FailedEventsBucket",
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            [bucket_arn],
        ),
        allow("FailedEvents", ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], [f"{bucket_arn}/*"]),
        use_key("EncryptFailedEvents", names, "logs", ["kms:Decrypt", "kms:GenerateDataKey"], via="s3"),
        allow("LogErrors", ["logs:PutLogEvents"], [f"{error_log.arn}:log-stream:*"]),
    ]


class SplunkStream(Component):
    """Creates a delivery stream per source type, a subscription per log group, alarms, and the bucket of failed events.

    Guarantees: events are encrypted with the key for logs on the way and at rest; what Splunk has not acknowledged
    after an hour is kept in the bucket; each stream has alarms for refused and delayed events. Firehose's own log is
    not subscribed, because it would feed itself. There is one stream per source type because message extraction drops
    the log group's name, so that only the token identifies the type of an event.
    https://docs.aws.amazon.com/firehose/latest/dev/Message_extraction.html
    """

    TYPE = "imgstore:splunk:SplunkStream"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: SplunkSettings,
        *,
        sources: Sequence[LogSource],
        logs_to: SecureBucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.settings = settings
        secrets = tokens(settings, sources)
        self.failed = SecureBucket(
            self.child("failed"),
            base,
            bucket_name=self.names.bucket("splunk-failed"),
            classification=self.names.data,
            key=self.keys.logs,
            lifecycle=LifecycleRules(expiration_days=base.retention.operational),
            logs_to=logs_to,
            opts=self.options(),
        )
        self.errors = log_group(
            self,
            "errors",
            name=self.names.log_group("splunk-delivery"),
            source_type="aws:firehose",
            kind="operational",
        )
        role = self._delivery_role(list(secrets.values()))
        streams = {kind: self._stream(kind, secret, role) for kind, secret in secrets.items()}
        self._subscribe(sources, streams)
        for kind in streams:
            self._alarms(kind)
        self.stream_names = [self._stream_name(kind) for kind in streams]
        self.register_outputs({"failedEvents": self.failed.name})

    def _stream_name(self, kind: str) -> str:
        return self.names.of("kinesis.FirehoseDeliveryStream", slug(kind))

    def _delivery_role(self, secrets: Sequence[str]) -> ServiceRole:
        external = {"StringEquals": {"sts:ExternalId": self.names.account}}
        return ServiceRole(
            self.child("delivery"),
            self.base,
            assume=trust("firehose.amazonaws.com", self.names.account, conditions=external),
            statements=delivery_statements(
                self.names, secrets=secrets, bucket_arn=self.failed.arn, error_log=self.errors
            ),
            opts=self.options(),
        )

    def _stream(self, kind: str, secret: str, role: ServiceRole) -> kinesis.FirehoseDeliveryStream:
        suffix = slug(kind)
        error_stream = cloudwatch.LogStream(
            self.child(f"{suffix}-errors"), name=suffix, log_group_name=self.errors.group.name, opts=self.options()
        )
        return kinesis.FirehoseDeliveryStream(
            self.child(suffix),
            name=self._stream_name(kind),
            destination="splunk",
            server_side_encryption=kinesis.FirehoseDeliveryStreamServerSideEncryptionArgs(
                enabled=True, key_type="CUSTOMER_MANAGED_CMK", key_arn=self.keys.logs.arn
            ),
            splunk_configuration=kinesis.FirehoseDeliveryStreamSplunkConfigurationArgs(
                hec_endpoint=self.settings.hec_endpoint,
                hec_endpoint_type="Raw",
                hec_acknowledgment_timeout=300,
                retry_duration=RETRY_SECONDS,
                s3_backup_mode="FailedEventsOnly",
                secrets_manager_configuration=kinesis.FirehoseDeliveryStreamSplunkConfigurationSecretsManagerConfigurationArgs(
                    enabled=True, secret_arn=secret, role_arn=role.ready
                ),
                processing_configuration=_extraction(),
                s3_configuration=kinesis.FirehoseDeliveryStreamSplunkConfigurationS3ConfigurationArgs(
                    bucket_arn=self.failed.bucket.arn,
                    role_arn=role.ready,
                    kms_key_arn=self.keys.logs.arn,
                    compression_format="GZIP",
                    error_output_prefix=f"{suffix}/!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd}}/",
                ),
                cloudwatch_logging_options=kinesis.FirehoseDeliveryStreamSplunkConfigurationCloudwatchLoggingOptionsArgs(
                    enabled=True, log_group_name=self.errors.group.name, log_stream_name=error_stream.name
                ),
            ),
            tags=self.names.tags(suffix, self.names.data),
            opts=self.options(),
        )

    def _subscribe(self, sources: Sequence[LogSource], streams: dict[str, kinesis.FirehoseDeliveryStream]) -> None:
        arns = [self.names.arn("firehose", f"deliverystream/{self._stream_name(kind)}") for kind in streams]
        role = ServiceRole(
            self.child("subscriptions"),
            self.base,
            assume=trust("logs.amazonaws.com", self.names.account, source=self.names.arn("logs", "*")),
            statements=[allow("PutEvents", ["firehose:PutRecord", "firehose:PutRecordBatch"], arns)],
            opts=self.options(),
        )
        for source in sources:
            cloudwatch.LogSubscriptionFilter(
                self.child(f"from-{slug(source.name.replace(self.names.prefix, ''))}"),
                name=self.names.of("cloudwatch.LogSubscriptionFilter", self.component),
                log_group=source.group.name,
                filter_pattern="",
                destination_arn=streams[source.source_type].arn,
                role_arn=role.ready,
                opts=self.options(),
            )

    def _alarms(self, kind: str) -> None:
        for measure, (statistic, condition, description) in ALARMS.items():
            metric = Metric(
                namespace="AWS/Firehose",
                name=f"DeliveryToSplunk.{measure}",
                dimensions={"DeliveryStreamName": self._stream_name(kind)},
                statistic=statistic,
            )
            alarm(
                self,
                f"{slug(kind)}-{measure}",
                metric=metric,
                condition=condition,
                description=f"{kind}: {description}",
            )


def _extraction() -> kinesis.FirehoseDeliveryStreamSplunkConfigurationProcessingConfigurationArgs:
    """Decompresses the records of CloudWatch Logs and extracts their messages unchanged."""
    settings = {
        "Decompression": ("CompressionFormat", "GZIP"),
        "CloudWatchLogProcessing": ("DataMessageExtraction", "true"),
    }
    return kinesis.FirehoseDeliveryStreamSplunkConfigurationProcessingConfigurationArgs(
        enabled=True,
        processors=[
            kinesis.FirehoseDeliveryStreamSplunkConfigurationProcessingConfigurationProcessorArgs(
                type=processor,
                parameters=[
                    kinesis.FirehoseDeliveryStreamSplunkConfigurationProcessingConfigurationProcessorParameterArgs(
                        parameter_name=parameter, parameter_value=value
                    )
                ],
            )
            for processor, (parameter, value) in settings.items()
        ],
    )
