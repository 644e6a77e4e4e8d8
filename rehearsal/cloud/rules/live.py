"""Rules that depend on what exists in the cloud, checked when a resource is really created or updated."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network
from typing import Any

from awsmodel.properties import strings, values_at
from awsmodel.tables import name_property
from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud, Resource
from rehearsal.cloud.rules.databases import check_master_key
from rehearsal.cloud.rules.functions import check_role_permissions, check_rotation
from rehearsal.cloud.rules.names import check_name
from rehearsal.cloud.rules.quotas import check_quotas
from rehearsal.cloud.rules.roles import check_trust
from rehearsal.cloud.rules.scaling import check_scaling_target

SUBNET = "aws:ec2/subnet:Subnet"
_EC2_ID = re.compile(r"(vpc|subnet|sg|rtb|igw|acl|eipalloc|nat|vpce|pl|vgw|cgw|vpn|tgw)-[0-9a-f]{8,17}")
_NOT_FOUND = {
    "vpc": "InvalidVpcID.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "sg": "InvalidGroup.NotFound",
    "rtb": "InvalidRouteTableID.NotFound",
}
# ARNs of these services are resources of this stack; others (an existing hosted zone, say) existed before.
_ARN_ERRORS = {
    "kms": "NotFoundException: Key",
    "iam": "NoSuchEntity",
    "logs": "ResourceNotFoundException: log group",
    "elasticloadbalancing": "TargetGroupNotFound",
    "acm": "CertificateNotFoundException",
    "ecs": "ClusterNotFoundException",
    "sns": "NotFoundException: Topic",
    "rds": "DBClusterNotFoundFault",
    "wafv2": "WAFNonexistentItemException",
    "firehose": "ResourceNotFoundException",
    "cognito-idp": "ResourceNotFoundException",
    "servicediscovery": "ServiceNotFound",
}
_DEFAULTS = ("defaultRouteTableId", "defaultNetworkAclId", "defaultSecurityGroupId", "mainRouteTableId", "prefixListId")


def check_references(cloud: Cloud, token: str, inputs: dict[str, Any], *, account: str) -> None:
    """Every id, ARN and name in the inputs exists."""
    every = {name for resource in cloud for name in resource.identifiers()}
    every |= {resource.outputs[key] for resource in cloud for key in _DEFAULTS if key in resource.outputs}
    for path, text in strings(inputs):
        _check_id(every, path, text)
        _check_arn(every, path, text, account)
    for path, target in behaviours()["refers"].get(token, {}).items():
        kind, _, known_by = target.rpartition(".")
        known = {one.id if known_by == "id" else one.outputs.get(known_by) for one in cloud.of_type(kind)}
        for name in values_at(inputs, path):
            if name not in known:
                raise AwsError("NotFound", path, f"there is no {kind.rpartition(':')[2]} {name}")


def _check_id(every: set[str], path: str, text: str) -> None:
    if _EC2_ID.fullmatch(text) and text not in every:
        raise AwsError(_NOT_FOUND.get(text.partition("-")[0], "NotFound"), path, f"the ID '{text}' does not exist")


def _check_arn(every: set[str], path: str, text: str, account: str) -> None:
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[:2] != ["arn", "aws"] or parts[4] != account or "*" in text:  # noqa: PLR2004
        return
    error = _ARN_ERRORS.get(parts[2])
    if error and text.removesuffix(":*") not in every:
        raise AwsError(error, path, f"{text} does not exist")


def check_containers(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """A task's secrets and log groups exist."""
    if token != "aws:ecs/taskDefinition:TaskDefinition":
        return
    secrets = {one.id for one in cloud.of_type("aws:secretsmanager/secret:Secret")}
    groups = {one.id for one in cloud.of_type("aws:cloudwatch/logGroup:LogGroup")}
    for position, container in enumerate(json.loads(inputs["containerDefinitions"])):
        path = f"containerDefinitions[{position}]"
        for secret in container.get("secrets", []):
            arn = ":".join(secret["valueFrom"].split(":")[:7])
            if arn not in secrets:
                raise AwsError("ResourceInitializationError", f"{path}.secrets", f"there is no secret {arn}")
        group = container.get("logConfiguration", {}).get("options", {}).get("awslogs-group")
        if group is not None and group not in groups:
            raise AwsError("ResourceInitializationError", f"{path}.logConfiguration", f"there is no log group {group}")


def check_subnet(cloud: Cloud, token: str, urn: str, inputs: dict[str, Any]) -> None:
    """A subnet is inside its VPC and overlaps no other."""
    if token != SUBNET:
        return
    block, vpc = IPv4Network(inputs["cidrBlock"]), cloud.find(inputs["vpcId"], "aws:ec2/vpc:Vpc")
    if vpc is not None and not block.subnet_of(IPv4Network(vpc.outputs["cidrBlock"])):
        raise AwsError("InvalidSubnet.Range", "cidrBlock", f"{block} is not inside the VPC {vpc.outputs['cidrBlock']}")
    for other in cloud.of_type(SUBNET):
        is_sibling = other.urn != urn and other.inputs["vpcId"] == inputs["vpcId"]
        if is_sibling and block.overlaps(IPv4Network(other.inputs["cidrBlock"])):
            raise AwsError(
                "InvalidSubnet.Conflict", "cidrBlock", f"{block} overlaps {other.inputs['cidrBlock']} ({other.name})"
            )


def check_zones(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """An application load balancer and a database subnet group span two zones."""
    name, code = {
        "aws:lb/loadBalancer:LoadBalancer": ("subnets", "ValidationError"),
        "aws:rds/subnetGroup:SubnetGroup": ("subnetIds", "DBSubnetGroupDoesNotCoverEnoughAZs"),
    }.get(token, ("", ""))
    if not name or inputs.get("loadBalancerType") == "network":
        return
    found = [cloud.find(identity, SUBNET) for identity in inputs.get(name, [])]
    zones = {subnet.inputs.get("availabilityZone") for subnet in found if subnet is not None}
    if len(zones) < 2:  # noqa: PLR2004
        raise AwsError(
            code, name, f"at least two subnets in two different Availability Zones must be specified, not {len(zones)}"
        )


def check_log_group_key(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """The key's policy allows CloudWatch Logs to use it."""
    if token != "aws:cloudwatch/logGroup:LogGroup" or "kmsKeyId" not in inputs:
        return
    key = cloud.find(inputs["kmsKeyId"], "aws:kms/key:Key")
    region = inputs["kmsKeyId"].split(":")[3]
    if key is not None and f"logs.{region}.amazonaws.com" not in str(key.outputs.get("policy")):
        message = (
            f"The specified KMS key does not exist or is not allowed to be used with log group {inputs.get('name')}"
        )
        raise AwsError("InvalidParameterException", "kmsKeyId", message)


def check_service(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """A listener forwards to each target group; the cluster has each capacity provider."""
    if token != "aws:ecs/service:Service":
        return
    forwards = [*cloud.of_type("aws:lb/listener:Listener"), *cloud.of_type("aws:lb/listenerRule:ListenerRule")]
    attached = {text for listener in forwards for _, text in strings(listener.inputs)}
    for position, load_balancer in enumerate(inputs.get("loadBalancers", [])):
        arn = load_balancer.get("targetGroupArn")
        if arn not in attached:
            message = f"The target group with targetGroupArn {arn} does not have an associated load balancer"
            raise AwsError("InvalidParameterException", f"loadBalancers[{position}].targetGroupArn", message)
    cluster = cloud.find(inputs.get("cluster", ""), "aws:ecs/cluster:Cluster")
    offered = {
        provider
        for one in cloud.of_type("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
        if cluster is not None and one.inputs.get("clusterName") == cluster.outputs.get("name")
        for provider in one.inputs.get("capacityProviders", [])
    }
    for strategy in inputs.get("capacityProviderStrategies", []):
        if strategy["capacityProvider"] not in offered:
            message = f"The capacity provider {strategy['capacityProvider']} is not associated with the cluster"
            raise AwsError("InvalidParameterException", "capacityProviderStrategies", message)


def check_private_dns(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """Private DNS names of an endpoint need a VPC with DNS support and hostnames."""
    if token != "aws:ec2/vpcEndpoint:VpcEndpoint" or not inputs.get("privateDnsEnabled"):
        return
    vpc = cloud.find(inputs["vpcId"], "aws:ec2/vpc:Vpc")
    if vpc is not None and not (vpc.inputs.get("enableDnsHostnames") and vpc.inputs.get("enableDnsSupport", True)):
        message = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames"
        raise AwsError("InvalidParameter", "privateDnsEnabled", message)


def check_change(
    cloud: Cloud, token: str, urn: str, inputs: dict[str, Any], *, account: str, old: Resource | None
) -> None:
    """Raise AwsError for the first reason for which AWS would reject this create or update."""
    name = name_property(token) or ""
    if old is None or old.inputs.get(name) != inputs.get(name):
        check_name(cloud, token, inputs)
    check_references(cloud, token, inputs, account=account)
    check_quotas(cloud, token, urn, inputs)
    check_containers(cloud, token, inputs)
    check_subnet(cloud, token, urn, inputs)
    check_zones(cloud, token, inputs)
    check_log_group_key(cloud, token, inputs)
    check_service(cloud, token, inputs)
    check_scaling_target(cloud, token, inputs)
    check_private_dns(cloud, token, inputs)
    check_rotation(cloud, token, inputs, account=account)
    check_trust(cloud, token, inputs)
    check_role_permissions(cloud, token, inputs)
    check_master_key(token, inputs, old)
