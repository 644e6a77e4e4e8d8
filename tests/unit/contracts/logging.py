"""Logs: every group is kept long enough, streamed once, and there before anything writes to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ops.plan import Plan, PlannedResource
from tests.unit.contracts.content import containers
from tests.unit.contracts.encryption import values
from tests.unit.contracts.state import holds_phi

GROUP = "aws:cloudwatch/logGroup:LogGroup"
FILTER = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"

SIX_YEARS = 2192
ONE_YEAR = 365
FILTERS_PER_GROUP = 2
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""

STREAMS = {
    "network-flow-logs": "splunk-aws-cloudwatchlogs-vpcflow",
    "vpn-main-campus-logs": "splunk-aws-vpn",
    "client-vpn-logs": "splunk-aws-vpn",
    "database-logs": "splunk-postgresql-log",
    "rotation-logs": "splunk-aws-lambda",
    "cluster-exec-logs": "splunk-aws-ecs-exec",
    "app-logs": "splunk-orthanc-json",
    "web-logs": "splunk-nginx-access",
    "waf-logs": "splunk-aws-waf",
    "audit-logs": "splunk-aws-cloudtrail",
    "baseline-findings": "splunk-aws-findings",
}
"""Delivery stream by log group, where a stack has Splunk."""

NOT_STREAMED = {"splunk-errors": "the log of the delivery itself would feed itself"}

OPERATIONAL = {
    "network-flow-logs": "addresses and ports: who read an image is in the trail and in the access log",
    "splunk-errors": "troubles of the delivery; the events themselves are in their own groups",
}
"""Groups that are no audit record, so that six years are not asked of them."""

MADE_BY_AWS = {
    "/aws/ecs/containerinsights/": "figures of tasks, without content; ECS makes the group, and keeps them for a day",
    "RDSOSMetrics": "figures of the database's hosts; one group for the account, made by RDS",
}
"""Groups that AWS makes by itself, by the start of their names, and why that is accepted."""


def groups(plan: Plan) -> dict[str, PlannedResource]:
    """Log groups by the name they have in AWS."""
    return {group.inputs["name"]: group for group in plan.of_type(GROUP)}


def is_streamed(plan: Plan) -> list[str]:
    """Where there is Splunk, every group is subscribed once, whole, by the stream of its kind of events."""
    if not plan.of_type(STREAM):
        return [f"{each.urn}: subscribes for no Splunk" for each in plan.of_type(FILTER)]
    violations = []
    for name, group in groups(plan).items():
        found = [each for each in plan.of_type(FILTER) if each.inputs["logGroup"] == name]
        targets = [plan.by_urn[to.urn].name for each in found for to in plan.references(each.inputs["destinationArn"])]
        expected = [] if group.name in NOT_STREAMED else [STREAMS.get(group.name, "a stream of the table")]
        if targets != expected:
            violations.append(f"{group.urn}: is streamed to {targets}, not to {expected}")
        violations += [f"{each.urn}: leaves events out" for each in found if each.inputs.get("filterPattern")]
    return violations


def within_limits(plan: Plan) -> list[str]:
    """No group has more filters than CloudWatch Logs takes, and every filter is of a group of this stack."""
    counts = Counter(each.inputs["logGroup"] for each in plan.of_type(FILTER))
    return [f"{name}: has {count} filters" for name, count in counts.items() if count > FILTERS_PER_GROUP] + [
        f"{name}: is filtered, but no group of this stack" for name in counts if name not in groups(plan)
    ]


def no_loops(plan: Plan) -> list[str]:
    """No stream is fed from the group to which it writes its own errors."""
    own = {name for stream in plan.of_type(STREAM) for name in _error_groups(stream)}
    return [
        f"{each.urn}: feeds a delivery with its own errors"
        for each in plan.of_type(FILTER)
        if each.inputs["logGroup"] in own
    ]


def _error_groups(stream: PlannedResource) -> list[str]:
    return values(stream.inputs, NAMED[STREAM])


def is_kept(plan: Plan) -> list[str]:
    """Events of a group end after a time, but not before a year; audit records of patients' data not before six."""
    violations = []
    for group in plan.of_type(GROUP):
        days = group.inputs.get("retentionInDays") or 0
        least = SIX_YEARS if holds_phi(plan) and group.name not in OPERATIONAL else ONE_YEAR
        if days < least:
            violations.append(f"{group.urn}: keeps events {days or 'no number of'} days, not {least}")
    return violations


def declared_groups(plan: Plan) -> list[str]:
    """Whatever writes a log writes to a group of the plan: one made by AWS has no key of ours, so it is listed."""
    known = groups(plan)
    return [
        f"{writer}: writes to {name}, which is no group of this stack"
        for writer, name in is_written(plan)
        if name not in known and not name.startswith(tuple(MADE_BY_AWS))
    ]


NAMED = {
    "aws:ecs/cluster:Cluster": "configuration.executeCommandConfiguration.logConfiguration.cloudWatchLogGroupName",
    STREAM: "splunkConfiguration.cloudwatchLoggingOptions.logGroupName",
    "aws:ec2clientvpn/endpoint:Endpoint": "connectionLogOptions.cloudwatchLogGroup",
}
"""Where a type names the group that it writes to; it has to name one."""


def is_written(plan: Plan) -> Iterator[tuple[str, str]]:
    """URN of everything that writes a log, and the group it writes to."""
    for task, container in containers(plan):
        options = container.get("logConfiguration", {}).get("options", {})
        yield f"{task.urn} ({container['name']})", options.get("awslogs-group", "no group")
    for kind, path in NAMED.items():
        for resource in plan.of_type(kind):
            yield from ((resource.urn, name) for name in values(resource.inputs, path) or ["no group"])
    yield from _by_convention(plan)


def _by_convention(plan: Plan) -> Iterator[tuple[str, str]]:
    """Groups whose names AWS decides."""
    for cluster in plan.of_type("aws:rds/cluster:Cluster"):
        for kind in cluster.inputs.get("enabledCloudwatchLogsExports", []):
            yield cluster.urn, f"/aws/rds/cluster/{cluster.inputs['clusterIdentifier']}/{kind}"
    for instance in plan.of_type("aws:rds/clusterInstance:ClusterInstance"):
        if instance.inputs.get("monitoringInterval"):
            yield instance.urn, "RDSOSMetrics"
    for cluster in plan.of_type("aws:ecs/cluster:Cluster"):
        if "containerInsights" in values(cluster.inputs, "settings.name"):
            yield cluster.urn, f"/aws/ecs/containerinsights/{cluster.inputs['name']}/performance"
