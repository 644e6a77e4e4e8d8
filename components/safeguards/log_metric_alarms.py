"""The events in a log that somebody must hear of as they happen."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_aws import cloudwatch

from components.core.alarms import AlarmTopic, Condition, Metric, alarm
from components.core.base import Component
from components.core.logs import LogSource


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A CloudWatch Logs filter pattern, and what the events it finds mean.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    pattern: str
    description: str


def calls(service: str, *actions: str) -> str:
    """Filter pattern for the API `actions` of `service`."""
    any_of = " || ".join(f"($.eventName = {action})" for action in actions)
    return f"{{ ($.eventSource = {service}.amazonaws.com) && ({any_of}) }}"


TRAIL = {
    "root-use": Watch(
        pattern='{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS '
        '&& $.eventType != "AwsServiceEvent" }',
        description="The account's root user acted",
    ),
    "failed-sign-in": Watch(
        pattern='{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
        description="A sign-in to the console failed",
    ),
    "network-acls": Watch(
        pattern=calls(
            "ec2",
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "DeleteNetworkAcl",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
        ),
        description="A network ACL changed",
    ),
    "gateways": Watch(
        pattern=calls(
            "ec2",
            "CreateCustomerGateway",
            "DeleteCustomerGateway",
            "CreateInternetGateway",
            "DeleteInternetGateway",
            "AttachInternetGateway",
            "DetachInternetGateway",
        ),
        description="A gateway of the network changed",
    ),
    "route-tables": Watch(
        pattern=calls(
            "ec2",
            "CreateRoute",
            "CreateRouteTable",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
            "DeleteRouteTable",
            "DeleteRoute",
            "DisassociateRouteTable",
        ),
        description="A route table changed",
    ),
    "vpcs": Watch(
        pattern=calls(
            "ec2",
            "CreateVpc",
            "DeleteVpc",
            "ModifyVpcAttribute",
            "CreateVpcPeeringConnection",
            "AcceptVpcPeeringConnection",
            "DeleteVpcPeeringConnection",
            "RejectVpcPeeringConnection",
        ),
        description="A VPC or a peering connection changed",
    ),
    "trails": Watch(
        pattern=calls("cloudtrail", "CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
        description="The audit trail itself changed",
    ),
    "keys": Watch(
        pattern=calls("kms", "DisableKey", "ScheduleKeyDeletion"),
        description="An encryption key was disabled, or its deletion scheduled",
    ),
}
"""What the CIS AWS Foundations Benchmark has monitored, as far as it concerns this store.

https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
"""

FINDINGS = {
    "threats": Watch(
        pattern='{ ($.source = "aws.guardduty") && ($.detail.severity >= 4) }',
        description="GuardDuty found a threat of medium severity or above; the finding is in the log",
    ),
    "outside-access": Watch(
        pattern='{ ($.source = "aws.access-analyzer") && ($.detail.status = "ACTIVE") && ($.detail.isPublic IS TRUE) }',
        description="Access Analyzer found a resource that anyone may reach; the finding is in the log",
    ),
}
"""https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html#guardduty_findings-severity"""


def watch(component: Component, suffix: str, watched: Watch, *, logs: LogSource, topic: AlarmTopic) -> None:
    """Creates the metric filter on `logs` that counts the events, and the alarm that rings at the first."""
    metric = Metric(namespace=f"{component.names.prefix}/{component.component}", name=suffix)
    cloudwatch.LogMetricFilter(
        component.child(suffix),
        name=component.names.of("cloudwatch.LogMetricFilter", component.child(suffix)),
        log_group_name=logs.group.name,
        pattern=watched.pattern,
        metric_transformation=cloudwatch.LogMetricFilterMetricTransformationArgs(
            namespace=metric.namespace, name=metric.name, value="1", default_value="0"
        ),
        opts=component.options(),
    )
    condition = Condition(comparison="GreaterThanOrEqualToThreshold", value=1)
    alarm(component, suffix, topic, metric=metric, condition=condition, description=watched.description)
