"""Log groups: every one encrypted, kept as long as the settings say, and known by the kind of its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch

from components.core.base import Component
from components.core.keys import Keys


@dataclass(frozen=True, kw_only=True)
class LogSource:
    """A log group and the kind of its events, which decides where they are streamed to."""

    name: str
    arn: str
    source_type: str
    group: cloudwatch.LogGroup


def log_group(
    component: Component,
    suffix: str,
    *,
    name: str,
    source_type: str,
    keys: Keys,
    kind: Literal["audit", "operational"] = "audit",
    depends_on: list[pulumi.Resource] | None = None,
) -> LogSource:
    """Creates the log group `name` under `component`: encrypted with the key for logs, and kept while the study is
    active, by Pulumi and by AWS.

    `kind` decides how long events are kept: what tells who did what is `audit`.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html
    """
    names, retention = component.names, component.scope.retention
    group = cloudwatch.LogGroup(
        component.child(suffix),
        name=name,
        kms_key_id=keys.logs.arn,
        retention_in_days=retention.audit if kind == "audit" else retention.operational,
        deletion_protection_enabled=component.lifecycle.protected,
        tags=names.tags(suffix),
        opts=component.stateful(depends_on=depends_on),
    )
    return LogSource(name=name, arn=names.arn("logs", f"log-group:{name}"), source_type=source_type, group=group)
