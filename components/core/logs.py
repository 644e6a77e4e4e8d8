"""Log groups: encrypted, kept as long as the settings say, and known by the kind of their events."""

from __future__ import annotations

from typing import Literal

from pulumi_aws import cloudwatch

from components.core.platform import Component, LogSource


def log_group(
    component: Component,
    suffix: str,
    *,
    name: str,
    source_type: str,
    kind: Literal["audit", "operational"] = "audit",
) -> LogSource:
    """Creates the log group `name` under `component`, and lists it in the component's `log_sources`.

    It is encrypted with the key for logs, and protected while the study is active, by Pulumi and by AWS. `kind` decides
    how long events are kept: records of who did what are `audit`.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html
    """
    names, retention = component.names, component.base.retention
    group = cloudwatch.LogGroup(
        component.child(suffix),
        name=name,
        kms_key_id=component.keys.logs.arn,
        retention_in_days=retention.audit if kind == "audit" else retention.operational,
        deletion_protection_enabled=component.lifecycle.protected,
        tags=names.tags(suffix),
        opts=component.stateful(),
    )
    source = LogSource(name=name, arn=names.arn("logs", f"log-group:{name}"), source_type=source_type, group=group)
    component.log_sources.append(source)
    return source
