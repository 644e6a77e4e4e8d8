"""Mistakes that mocks accept and AWS refuses: each is refused here, with the property at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloud.rules.errors import AwsError
from tests.unit.simulated import ACCOUNT, REGION, Simulated

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]})
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
    ("a balancer name over 32 characters", "aws:lb/loadBalancer:LoadBalancer", {"name": "b" * 33}, "name"),
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
    assert [failure for failure in found if failure.startswith(f"{path}:")], (
        f"nothing says that {path} is wrong: {found}"
    )


def refused(simulated: Simulated, token: str, inputs: dict[str, Any]) -> AwsError:
    with pytest.raises(AwsError) as caught:
        simulated.create(token, "mistaken", inputs)
    return caught.value


def test_a_subnet_outside_its_vpc_is_refused(simulated: Simulated) -> None:
    network = simulated.network()
    error = refused(simulated, "aws:ec2/subnet:Subnet", {"vpcId": network["vpc"], "cidrBlock": "10.1.0.0/24"})
    assert (error.code, error.path) == ("InvalidSubnet.Range", "cidrBlock")


def test_a_subnet_over_another_is_refused(simulated: Simulated) -> None:
    network = simulated.network()
    error = refused(simulated, "aws:ec2/subnet:Subnet", {"vpcId": network["vpc"], "cidrBlock": "10.0.1.128/25"})
    assert (error.code, error.path) == ("InvalidSubnet.Conflict", "cidrBlock")


def test_a_reference_to_nothing_is_refused(simulated: Simulated) -> None:
    error = refused(simulated, "aws:ec2/subnet:Subnet", {"vpcId": "vpc-0123456789abcdef0", "cidrBlock": "10.0.0.0/24"})
    assert (error.code, error.path) == ("InvalidVpcID.NotFound", "vpcId")


def test_a_key_that_does_not_exist_is_refused(simulated: Simulated) -> None:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"
    error = refused(simulated, "aws:secretsmanager/secret:Secret", {"name": "s", "kmsKeyId": arn})
    assert error.path == "kmsKeyId"


def test_a_bucket_that_does_not_exist_is_refused(simulated: Simulated) -> None:
    inputs = {"bucket": "no-such-bucket", "versioningConfiguration": {"status": "Enabled"}}
    error = refused(simulated, "aws:s3/bucketVersioning:BucketVersioning", inputs)
    assert error.path == "bucket"


def test_a_balancer_in_one_zone_is_refused(simulated: Simulated) -> None:
    network = simulated.network(zones="a")
    error = refused(simulated, "aws:lb/loadBalancer:LoadBalancer", {"subnets": network["subnets"]})
    assert (error.code, error.path) == ("ValidationError", "subnets")


def test_a_database_in_one_zone_is_refused(simulated: Simulated) -> None:
    network = simulated.network(zones="a")
    error = refused(simulated, "aws:rds/subnetGroup:SubnetGroup", {"name": "data", "subnetIds": network["subnets"]})
    assert error.code == "DBSubnetGroupDoesNotCoverEnoughAZs"


def test_a_log_group_whose_key_does_not_know_cloudwatch_is_refused(simulated: Simulated) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = simulated.create("aws:kms/key:Key", "key", {"policy": json.dumps({"Statement": [statement]})})
    error = refused(simulated, "aws:cloudwatch/logGroup:LogGroup", {"name": "/logs", "kmsKeyId": key["arn"]})
    assert (error.code, error.path) == ("InvalidParameterException", "kmsKeyId")


def test_a_service_before_its_listener_is_refused(simulated: Simulated) -> None:
    network = simulated.network()
    group = simulated.create("aws:lb/targetGroup:TargetGroup", "web", {"vpcId": network["vpc"], "targetType": "ip"})
    cluster = simulated.create("aws:ecs/cluster:Cluster", "cluster", {"name": "store"})
    balancer = {"targetGroupArn": group["arn"], "containerName": "web", "containerPort": 8443}
    error = refused(
        simulated, "aws:ecs/service:Service", {"name": "web", "cluster": cluster["arn"], "loadBalancers": [balancer]}
    )
    assert error.path == "loadBalancers[0].targetGroupArn"
    assert "does not have an associated load balancer" in str(error)


def test_a_capacity_provider_the_cluster_does_not_have_is_refused(simulated: Simulated) -> None:
    cluster = simulated.create("aws:ecs/cluster:Cluster", "cluster", {"name": "store"})
    strategies = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    error = refused(
        simulated,
        "aws:ecs/service:Service",
        {"name": "web", "cluster": cluster["arn"], "capacityProviderStrategies": strategies},
    )
    assert error.path == "capacityProviderStrategies"


def test_scaling_of_a_service_that_does_not_exist_is_refused(simulated: Simulated) -> None:
    inputs = {
        "resourceId": "service/store/web",
        "scalableDimension": "ecs:service:DesiredCount",
        "serviceNamespace": "ecs",
        "minCapacity": 1,
        "maxCapacity": 2,
    }
    assert refused(simulated, "aws:appautoscaling/target:Target", inputs).path == "resourceId"


def test_a_task_whose_secret_does_not_exist_is_refused(simulated: Simulated) -> None:
    secret = {"name": "PG_USER", "valueFrom": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:none-Ab1Cd2"}
    error = refused(simulated, "aws:ecs/taskDefinition:TaskDefinition", task(secrets=[secret]))
    assert error.path == "containerDefinitions[0].secrets"


def test_private_dns_in_a_vpc_without_names_is_refused(simulated: Simulated) -> None:
    vpc = simulated.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})
    group = simulated.create("aws:ec2/securityGroup:SecurityGroup", "group", {"vpcId": vpc["id"], "description": "x"})
    subnet = simulated.create("aws:ec2/subnet:Subnet", "subnet", {"vpcId": vpc["id"], "cidrBlock": "10.0.0.0/24"})
    inputs = {
        "vpcId": vpc["id"],
        "serviceName": f"com.amazonaws.{REGION}.logs",
        "vpcEndpointType": "Interface",
        "subnetIds": [subnet["id"]],
        "securityGroupIds": [group["id"]],
        "privateDnsEnabled": True,
    }
    assert refused(simulated, "aws:ec2/vpcEndpoint:VpcEndpoint", inputs).path == "privateDnsEnabled"


def test_a_name_that_is_taken_is_refused(simulated: Simulated) -> None:
    simulated.create("aws:iam/role:Role", "first", {"name": "tasks", "assumeRolePolicy": TRUST})
    error = refused(simulated, "aws:iam/role:Role", {"name": "tasks", "assumeRolePolicy": TRUST})
    assert (error.code, error.path) == ("EntityAlreadyExists", "name")


def test_the_same_inputs_without_the_mistake_are_accepted(simulated: Simulated) -> None:
    assert simulated.check("aws:ecs/taskDefinition:TaskDefinition", "task", TASK)[1] == []
    assert simulated.check("aws:rds/cluster:Cluster", "cluster", CLUSTER)[1] == []
    assert simulated.check("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})[1] == []
