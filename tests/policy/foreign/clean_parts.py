"""Helpers of the clean program."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

ACCOUNT = "111122223333"
TAGS = {"project": "portal", "env": "production", "data-classification": "phi", "expiry": "2031-12-31", "backup": "yes"}


def protect(on: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """The same options with Pulumi's protection."""
    return pulumi.ResourceOptions.merge(on, pulumi.ResourceOptions(protect=True))


def key(name: str, on: pulumi.ResourceOptions) -> aws.kms.Key:
    """A key for the account and its services; its policy covers everyone, under a condition."""
    through_services = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}},
    }
    services = ["logs.us-east-1.amazonaws.com", "cloudtrail.amazonaws.com", "cloudwatch.amazonaws.com"]
    delivering = {
        "Effect": "Allow",
        "Principal": {"Service": services},
        "Action": ["kms:Decrypt*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:Describe*", "kms:ReEncrypt*"],
        "Resource": "*",
    }
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [root, through_services, delivering]}
    return aws.kms.Key(f"{name}-key", enable_key_rotation=True, policy=json.dumps(policy), tags=TAGS, opts=protect(on))


def service_role(name: str, service: str, managed: str | None, on: pulumi.ResourceOptions) -> aws.iam.Role:
    """A role for a service, with one of AWS's policies or none."""
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = aws.iam.Role(f"{name}-role", assume_role_policy=document, tags=TAGS, opts=on)
    if managed:
        aws.iam.RolePolicyAttachment(f"{name}-permissions", role=role.name, policy_arn=managed, opts=on)
    return role


def alarm(
    name: str, namespace: str, metric: str, topic: aws.sns.Topic, on: pulumi.ResourceOptions, **more: Any
) -> None:
    """An alarm that enters ALARM at the first event."""
    aws.cloudwatch.MetricAlarm(
        name,
        namespace=namespace,
        metric_name=metric,
        statistic="Sum",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        period=300,
        evaluation_periods=1,
        alarm_actions=[topic.arn],
        insufficient_data_actions=[topic.arn],
        tags=TAGS,
        opts=on,
        **more,
    )
