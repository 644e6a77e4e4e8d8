"""Alarms on events of the audit trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, value_at
from hipaa.rule import rule

GROUP_ARN = re.compile(r":log-group:([^:]+)")

_PEERING_EVENTS = ("CreateVpcPeeringConnection", "AcceptVpcPeeringConnection", "DeleteVpcPeeringConnection")
EVENTS = {
    "failed sign-ins": {"ConsoleLogin", "Failed", "authentication"},
    "use of the root user": {"userIdentity", "Root"},
    "changes to network ACLs": {
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "DeleteNetworkAcl",
        "DeleteNetworkAclEntry",
        "ReplaceNetworkAclEntry",
        "ReplaceNetworkAclAssociation",
    },
    "changes to gateways": {
        "CreateCustomerGateway",
        "DeleteCustomerGateway",
        "AttachInternetGateway",
        "CreateInternetGateway",
        "DeleteInternetGateway",
        "DetachInternetGateway",
    },
    "changes to route tables": {
        "CreateRoute",
        "CreateRouteTable",
        "ReplaceRoute",
        "ReplaceRouteTableAssociation",
        "DeleteRouteTable",
        "DeleteRoute",
        "DisassociateRouteTable",
    },
    "changes to VPCs": {"CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "RejectVpcPeeringConnection", *_PEERING_EVENTS},
}
"""Words of the filter pattern in the CIS AWS Foundations Benchmark for each kind of event, without the retired
ClassicLink.

https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
"""


@rule("LOG-04", types.LOG_METRIC_FILTER, types.METRIC_ALARM, types.TRAIL, types.LOG_GROUP)
def trail_events_have_alarms(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """For each kind of event, each trail's log group has a metric filter with an alarm.

    CT-02 checks that a trail has a log group.
    """
    for trail in stack.of([types.TRAIL]):
        if trail.get("cloudWatchLogsGroupArn") in (ABSENT, ""):
            continue
        filters = [one for one in stack.of([types.LOG_METRIC_FILTER]) if _reads(stack, one, trail)]
        with_alarm = [one for one in filters if _has_alarm(stack, one)]
        for events, words in EVENTS.items():
            if not any(words <= _words(one) for one in with_alarm):
                path = "cloudWatchLogsGroupArn"
                unsure = any(one.get("pattern") is UNKNOWN for one in with_alarm)
                message = f"its log group has no metric filter with an alarm for {events}"
                yield trail, Undecided(path=path) if unsure else Violation(message=message, path=path)


def _words(metric_filter: Resource) -> set[str]:
    return set(re.findall(r"\w+", str(metric_filter.get("pattern"))))


def _reads(stack: Stack, metric_filter: Resource, trail: Resource) -> bool:
    """Whether the filter is on the trail's log group; also true if either is unknown and has no dependency."""
    ends = ((trail, "cloudWatchLogsGroupArn"), (metric_filter, "logGroupName"))
    if any(end.get(path) is UNKNOWN and not end.dependencies.get(path) for end, path in ends):
        return True
    groups = stack.of([types.LOG_GROUP])
    names = [{group.urn for group in groups if stack.refers(end, path, group)} for end, path in ends]
    for (end, path), found in zip(ends, names, strict=True):
        if isinstance(value := end.get(path), str):
            name = match[1] if (match := GROUP_ARN.search(value)) else value
            arn = value.removesuffix(":*")
            found |= {name, *(group.urn for group in groups if name == group.get("name") or arn == group.get("arn"))}
    return bool(names[0] & names[1])


def _has_alarm(stack: Stack, metric_filter: Resource) -> bool:
    metrics = [
        (value_at(metric, "namespace"), value_at(metric, "name"))
        for _, metric in metric_filter.elements("metricTransformation")
    ]
    return any(
        all(UNKNOWN in (one, other) or one == other for one, other in zip(metric, watched, strict=True))
        for alarm in stack.of([types.METRIC_ALARM])
        for watched in _metrics(alarm)
        for metric in metrics
    )


def _metrics(alarm: Resource) -> Iterator[tuple[Any, Any]]:
    """Namespace and name of the metrics that the alarm uses, directly or in an expression."""
    yield alarm.get("namespace"), alarm.get("metricName")
    for path, _ in alarm.elements("metricQueries"):
        yield alarm.get(f"{path}.metric.namespace"), alarm.get(f"{path}.metric.metricName")
