"""Alarms on events in a log group, through metric filters."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_aws import cloudwatch

from components.core import AT_LEAST_ONCE, Component, LogSource, Metric, alarm


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """A CloudWatch Logs filter pattern, and the meaning of the events that match it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    pattern: str
    description: str


def api_calls(service: str, *actions: str) -> str:
    """Filter pattern for the API `actions` of `service`."""
    any_of = " || ".join(f"($.eventName = {action})" for action in actions)
    return f"{{ ($.eventSource = {service}.amazonaws.com) && ({any_of}) }}"


TRAIL = {
    "root-use": LogEvent(
        pattern='{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS '
        '&& $.eventType != "AwsServiceEvent" }',
        description="The account's root user acted",
    ),
    "failed-sign-in": LogEvent(
        pattern='{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
        description="A sign-in to the console failed",
    ),
    "network-acls": LogEvent(
        pattern=api_calls(
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
    "gateways": LogEvent(
        pattern=api_calls(
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
    "route-tables": LogEvent(
        pattern=api_calls(
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
    "vpcs": LogEvent(
        pattern=api_calls(
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
    "trails": LogEvent(
        pattern=api_calls("cloudtrail", "CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
        description="The audit trail itself changed",
    ),
    "keys": LogEvent(
        pattern=api_calls("kms", "DisableKey", "ScheduleKeyDeletion"),
        description="An encryption key was disabled, or its deletion scheduled",
    ),
}
"""Events that the CIS AWS Foundations Benchmark requires alarms on, as far as they concern this store.

https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
"""

FINDINGS = {
    "threats": LogEvent(
        pattern='{ ($.source = "aws.guardduty") && ($.detail.severity >= 4) }',
        description="GuardDuty found a threat of medium severity or above; the finding is in the log",
    ),
    "outside-access": LogEvent(
        pattern='{ ($.source = "aws.access-analyzer") && ($.detail.status = "ACTIVE") && ($.detail.isPublic IS TRUE) }',
        description="Access Analyzer found a resource that anyone may reach; the finding is in the log",
    ),
}
"""https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html#guardduty_findings-severity"""


def log_metric_alarm(component: Component, suffix: str, event: LogEvent, *, logs: LogSource) -> None:
    """Creates the metric filter on `logs` that counts the events, and the alarm on the first one."""
    metric = Metric(namespace=f"{component.names.prefix}/{component.component}", name=suffix)
    cloudwatch.LogMetricFilter(
        component.child(suffix),
        name=component.names.of("cloudwatch.LogMetricFilter", component.child(suffix)),
        log_group_name=logs.group.name,
        pattern=event.pattern,
        metric_transformation=cloudwatch.LogMetricFilterMetricTransformationArgs(
            namespace=metric.namespace, name=metric.name, value="1", default_value="0"
        ),
        opts=component.options(),
    )
    alarm(component, suffix, metric=metric, condition=AT_LEAST_ONCE, description=event.description)
