"""What AWS rejects because of what exists, or does not: mistakes that only an update finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from tests.unit.simulated import ACCOUNT, REGION, Simulated
from tests.unit.test_cloud_mistakes import task

TRUSTED = [f"{service}.amazonaws.com" for service in ("lambda", "states")]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": TRUSTED}, "Action": "sts:AssumeRole"}],
    }
)


def refusal_of(simulated: Simulated, token: str, inputs: dict[str, Any]) -> AwsError:
    with pytest.raises(AwsError) as caught:
        simulated.create(token, "mistaken", inputs)
    return caught.value


def test_a_subnet_outside_its_vpc_is_refused(simulated: Simulated) -> None:
    network = simulated.network()
    error = refusal_of(simulated, "aws:ec2/subnet:Subnet", {"vpcId": network["vpc"], "cidrBlock": "10.1.0.0/24"})
    assert (error.code, error.path) == ("InvalidSubnet.Range", "cidrBlock")


def test_a_subnet_over_another_is_refused(simulated: Simulated) -> None:
    network = simulated.network()
    error = refusal_of(simulated, "aws:ec2/subnet:Subnet", {"vpcId": network["vpc"], "cidrBlock": "10.0.1.128/25"})
    assert (error.code, error.path) == ("InvalidSubnet.Conflict", "cidrBlock")


def test_a_reference_to_nothing_is_refused(simulated: Simulated) -> None:
    error = refusal_of(
        simulated, "aws:ec2/subnet:Subnet", {"vpcId": "vpc-0123456789abcdef0", "cidrBlock": "10.0.0.0/24"}
    )
    assert (error.code, error.path) == ("InvalidVpcID.NotFound", "vpcId")


def test_a_key_that_does_not_exist_is_refused(simulated: Simulated) -> None:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"
    error = refusal_of(simulated, "aws:secretsmanager/secret:Secret", {"name": "s", "kmsKeyId": arn})
    assert error.path == "kmsKeyId"


def test_a_bucket_that_does_not_exist_is_refused(simulated: Simulated) -> None:
    inputs = {"bucket": "no-such-bucket", "versioningConfiguration": {"status": "Enabled"}}
    error = refusal_of(simulated, "aws:s3/bucketVersioning:BucketVersioning", inputs)
    assert error.path == "bucket"


def test_a_load_balancer_in_one_zone_is_refused(simulated: Simulated) -> None:
    network = simulated.network(zones="a")
    error = refusal_of(simulated, "aws:lb/loadBalancer:LoadBalancer", {"subnets": network["subnets"]})
    assert (error.code, error.path) == ("ValidationError", "subnets")


def test_a_database_in_one_zone_is_refused(simulated: Simulated) -> None:
    network = simulated.network(zones="a")
    error = refusal_of(simulated, "aws:rds/subnetGroup:SubnetGroup", {"name": "data", "subnetIds": network["subnets"]})
    assert error.code == "DBSubnetGroupDoesNotCoverEnoughAZs"


def test_a_log_group_whose_key_does_not_allow_cloudwatch_is_refused(simulated: Simulated) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = simulated.create("aws:kms/key:Key", "key", {"policy": json.dumps({"Statement": [statement]})})
    error = refusal_of(simulated, "aws:cloudwatch/logGroup:LogGroup", {"name": "/logs", "kmsKeyId": key["arn"]})
    assert (error.code, error.path) == ("InvalidParameterException", "kmsKeyId")


def test_a_service_before_its_listener_is_refused(simulated: Simulated) -> None:
    network = simulated.network()
    group = simulated.create("aws:lb/targetGroup:TargetGroup", "web", {"vpcId": network["vpc"], "targetType": "ip"})
    cluster = simulated.create("aws:ecs/cluster:Cluster", "cluster", {"name": "store"})
    load_balancer = {"targetGroupArn": group["arn"], "containerName": "web", "containerPort": 8443}
    error = refusal_of(
        simulated,
        "aws:ecs/service:Service",
        {"name": "web", "cluster": cluster["arn"], "loadBalancers": [load_balancer]},
    )
    assert error.path == "loadBalancers[0].targetGroupArn"
    assert "does not have an associated load balancer" in str(error)


def test_a_capacity_provider_the_cluster_does_not_have_is_refused(simulated: Simulated) -> None:
    cluster = simulated.create("aws:ecs/cluster:Cluster", "cluster", {"name": "store"})
    strategies = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    error = refusal_of(
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
    assert refusal_of(simulated, "aws:appautoscaling/target:Target", inputs).path == "resourceId"


def test_a_task_whose_secret_does_not_exist_is_refused(simulated: Simulated) -> None:
    secret = {"name": "PG_USER", "valueFrom": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:none-Ab1Cd2"}
    error = refusal_of(simulated, "aws:ecs/taskDefinition:TaskDefinition", task(secrets=[secret]))
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
    assert refusal_of(simulated, "aws:ec2/vpcEndpoint:VpcEndpoint", inputs).path == "privateDnsEnabled"


def test_a_name_that_is_taken_is_refused(simulated: Simulated) -> None:
    simulated.create("aws:iam/role:Role", "first", {"name": "tasks", "assumeRolePolicy": TRUST})
    error = refusal_of(simulated, "aws:iam/role:Role", {"name": "tasks", "assumeRolePolicy": TRUST})
    assert (error.code, error.path) == ("EntityAlreadyExists", "name")


def test_rotation_by_a_function_that_secrets_manager_may_not_call_is_refused(simulated: Simulated) -> None:
    role = simulated.create("aws:iam/role:Role", "role", {"name": "rotator", "assumeRolePolicy": TRUST})["arn"]
    simulated.create("aws:lambda/function:Function", "rotate", {"name": "rotate", "role": role})
    rotation = {"secretId": "s", "rotationLambdaArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"}
    right = {"function": "rotate", "action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"}
    simulated.create("aws:lambda/permission:Permission", "other", right)
    error = refusal_of(simulated, "aws:secretsmanager/secretRotation:SecretRotation", rotation)
    assert (error.code, error.path) == ("AccessDeniedException", "rotationLambdaArn")
    right["principal"] = "secretsmanager.amazonaws.com"
    simulated.create("aws:lambda/permission:Permission", "caller", right)
    simulated.create("aws:secretsmanager/secretRotation:SecretRotation", "rotation", rotation)


def test_rds_creates_a_secret_for_the_master_that_it_manages(simulated: Simulated) -> None:
    made = simulated.create(
        "aws:rds/cluster:Cluster",
        "db",
        {
            "engine": "aurora-postgresql",
            "clusterIdentifier": "db",
            "manageMasterUserPassword": True,
            "skipFinalSnapshot": True,
        },
    )
    [secret] = made["masterUserSecrets"]
    assert secret["secretArn"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!cluster-")
