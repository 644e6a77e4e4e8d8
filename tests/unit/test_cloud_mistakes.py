"""Mistakes that mocks accept and AWS rejects: each fails here, and the error names the property."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.simulated import ACCOUNT, REGION, Simulated

CONTAINER = {"name": "web", "image": "registry.example/web@sha256:0"}
TASK = {
    "family": "web",
    "cpu": "256",
    "memory": "512",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "containerDefinitions": json.dumps([CONTAINER]),
}
CLUSTER = {
    "engine": "aurora-postgresql",
    "engineMode": "provisioned",
    "engineVersion": "17.7",
    "clusterIdentifier": "study",
    "skipFinalSnapshot": True,
}
LISTENER = {"loadBalancerArn": "arn:aws:elasticloadbalancing:x", "defaultActions": [{"type": "fixed-response"}]}


def task(**changes: Any) -> dict[str, Any]:
    return {**TASK, "containerDefinitions": json.dumps([{**CONTAINER, **changes}])}


AT_CHECK: list[tuple[str, str, dict[str, Any], str]] = [
    ("a misspelt property", "aws:ec2/vpc:Vpc", {"cidrBlok": "10.0.0.0/16"}, "cidrBlok"),
    (
        "a misspelt property further down",
        "aws:rds/cluster:Cluster",
        {**CLUSTER, "serverlessv2ScalingConfiguration": {"minCapacty": 1, "maxCapacity": 2}},
        "serverlessv2ScalingConfiguration.minCapacty",
    ),
    (
        "a missing argument",
        "aws:rds/clusterInstance:ClusterInstance",
        {"engine": "aurora-postgresql"},
        "clusterIdentifier",
    ),
    (
        "text where a number belongs",
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": "30 days"},
        "retentionInDays",
    ),
    (
        "a retention CloudWatch does not offer",
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 100},
        "retentionInDays",
    ),
    ("a VPC that is too large", "aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/8"}, "cidrBlock"),
    ("a network with host bits", "aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.1/16"}, "cidrBlock"),
    ("a load balancer name over 32 characters", "aws:lb/loadBalancer:LoadBalancer", {"name": "b" * 33}, "name"),
    ("an upper-case bucket", "aws:s3/bucket:Bucket", {"bucket": "Images"}, "bucket"),
    (
        "a description with an apostrophe",
        "aws:ec2/securityGroup:SecurityGroup",
        {"description": "the study's tasks", "vpcId": "vpc-1"},
        "description",
    ),
    ("a Fargate size that is not sold", "aws:ecs/taskDefinition:TaskDefinition", {**TASK, "memory": "4096"}, "cpu"),
    (
        "container definitions in Python's spelling",
        "aws:ecs/taskDefinition:TaskDefinition",
        task(log_configuration={}),
        "containerDefinitions[0].log_configuration",
    ),
    (
        "a number as the value of a variable",
        "aws:ecs/taskDefinition:TaskDefinition",
        task(environment=[{"name": "DICOM_PORT", "value": 104}]),
        "containerDefinitions[0].environment[0].value",
    ),
    (
        "a stop time over two minutes",
        "aws:ecs/taskDefinition:TaskDefinition",
        task(stopTimeout=300),
        "containerDefinitions[0].stopTimeout",
    ),
    (
        "an awslogs driver without its group",
        "aws:ecs/taskDefinition:TaskDefinition",
        task(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-region": REGION}}),
        "containerDefinitions[0].logConfiguration.options.awslogs-group",
    ),
    (
        "a task definition over 64 KiB",
        "aws:ecs/taskDefinition:TaskDefinition",
        task(environment=[{"name": "CONFIGURATION", "value": "x" * 70_000}]),
        "containerDefinitions",
    ),
    (
        "an HTTPS listener without certificate",
        "aws:lb/listener:Listener",
        {**LISTENER, "protocol": "HTTPS"},
        "certificateArn",
    ),
    (
        "a TLS policy that does not exist",
        "aws:lb/listener:Listener",
        {**LISTENER, "protocol": "TCP", "sslPolicy": "ELBSecurityPolicy-TLS14"},
        "sslPolicy",
    ),
    (
        "an interface endpoint left as a gateway",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {"vpcId": "vpc-1", "serviceName": f"com.amazonaws.{REGION}.logs"},
        "vpcEndpointType",
    ),
    (
        "ports on a rule for all protocols",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"securityGroupId": "sg-1", "ipProtocol": "-1", "fromPort": 0, "toPort": 0, "cidrIpv4": "10.0.0.0/8"},
        "ipProtocol",
    ),
    (
        "STANDARD_IA before 30 days",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {
            "bucket": "b",
            "rules": [{"id": "r", "status": "Enabled", "transitions": [{"days": 7, "storageClass": "STANDARD_IA"}]}],
        },
        "rules[0].transitions",
    ),
    (
        "a final snapshot without a name",
        "aws:rds/cluster:Cluster",
        {**CLUSTER, "skipFinalSnapshot": False},
        "finalSnapshotIdentifier",
    ),
    ("a key without encryption", "aws:rds/cluster:Cluster", {**CLUSTER, "kmsKeyId": "k"}, "kmsKeyId"),
    (
        "capacity in steps that do not exist",
        "aws:rds/cluster:Cluster",
        {**CLUSTER, "serverlessv2ScalingConfiguration": {"minCapacity": 0.7, "maxCapacity": 2}},
        "serverlessv2ScalingConfiguration",
    ),
    (
        "a master user that RDS keeps to itself",
        "aws:rds/cluster:Cluster",
        {**CLUSTER, "masterUsername": "admin"},
        "masterUsername",
    ),
    (
        "a master user with an underscore",
        "aws:rds/cluster:Cluster",
        {**CLUSTER, "masterUsername": "store_admin"},
        "masterUsername",
    ),
    (
        "an engine version that is not offered",
        "aws:rds/cluster:Cluster",
        {**CLUSTER, "engineVersion": "9.6"},
        "engineVersion",
    ),
    ("a policy that is not JSON", "aws:iam/policy:Policy", {"policy": "{'Version': 1}"}, "policy"),
    (
        "a statement without an effect",
        "aws:iam/policy:Policy",
        {"policy": json.dumps({"Statement": [{"Action": "s3:GetObject", "Resource": "*"}]})},
        "policy.Statement[0]",
    ),
    (
        "a policy over its size",
        "aws:iam/policy:Policy",
        {
            "policy": json.dumps(
                {
                    "Statement": [
                        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/" + "k" * 7000]}
                    ]
                }
            )
        },
        "policy",
    ),
    (
        "WAF logs to a group of another name",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        {"resourceArn": "acl", "logDestinationConfigs": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:waf"]},
        "logDestinationConfigs",
    ),
    ("a secret whose name looks like an ARN's end", "aws:secretsmanager/secret:Secret", {"name": "db-abc123"}, "name"),
]


@pytest.mark.parametrize(("token", "inputs", "path"), [row[1:] for row in AT_CHECK], ids=[row[0] for row in AT_CHECK])
def test_a_preview_already_refuses(simulated: Simulated, token: str, inputs: dict[str, Any], path: str) -> None:
    _, found = simulated.check(token, "mistaken", inputs)
    assert [failure for failure in found if failure.startswith(f"{path}:")], f"no failure names {path}: {found}"


def test_the_same_inputs_without_the_mistake_are_accepted(simulated: Simulated) -> None:
    assert simulated.check("aws:ecs/taskDefinition:TaskDefinition", "task", TASK)[1] == []
    assert simulated.check("aws:rds/cluster:Cluster", "cluster", CLUSTER)[1] == []
    assert simulated.check("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})[1] == []
