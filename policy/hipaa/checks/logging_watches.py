"""Events of the audit trail that somebody must hear of as they happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, look
from hipaa.rule import rule

GROUP_ARN = re.compile(r":log-group:([^:]+)")

_PEERING = ("CreateVpcPeeringConnection", "AcceptVpcPeeringConnection", "DeleteVpcPeeringConnection")
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
    "changes to VPCs": {"CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "RejectVpcPeeringConnection", *_PEERING},
}
"""Words that the filter pattern of the CIS AWS Foundations Benchmark has for each (without ClassicLink, which is gone).

https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
"""


@rule("LOG-04", types.LOG_METRIC_FILTER, types.METRIC_ALARM, types.TRAIL, types.LOG_GROUP)
def watched(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """A filter on each trail's log group looks for each kind of event, and an alarm watches what it counts.

    A trail without a log group is the business of CT-02.
    """
    for trail in stack.of([types.TRAIL]):
        if trail.get("cloudWatchLogsGroupArn") in (ABSENT, ""):
            continue
        filters = [one for one in stack.of([types.LOG_METRIC_FILTER]) if _reads(stack, one, trail)]
        alarmed = [one for one in filters if _has_alarm(stack, one)]
        for events, words in EVENTS.items():
            if not any(words <= _words(one) for one in alarmed):
                path = "cloudWatchLogsGroupArn"
                unsure = any(one.get("pattern") is UNKNOWN for one in alarmed)
                message = f"no metric filter with an alarm looks for {events} in its log group"
                yield trail, Undecided(path=path) if unsure else Violation(message=message, path=path)


def _words(metric_filter: Resource) -> set[str]:
    return set(re.findall(r"\w+", str(metric_filter.get("pattern"))))


def _reads(stack: Stack, metric_filter: Resource, trail: Resource) -> bool:
    """Whether the filter is on the trail's log group; it may be where either is unknown and depends on nothing."""
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
    counted = [(look(made, "namespace"), look(made, "name")) for _, made in metric_filter.each("metricTransformation")]
    return any(
        all(UNKNOWN in (one, other) or one == other for one, other in zip(made, shown, strict=True))
        for alarm in stack.of([types.METRIC_ALARM])
        for shown in _metrics(alarm)
        for made in counted
    )


def _metrics(alarm: Resource) -> Iterator[tuple[Any, Any]]:
    """Namespace and name of the metrics that the alarm watches, directly or in an expression."""
    yield alarm.get("namespace"), alarm.get("metricName")
    for path, _ in alarm.each("metricQueries"):
        yield alarm.get(f"{path}.metric.namespace"), alarm.get(f"{path}.metric.metricName")
