"""AWS's quotas, compared with what the plan declares and what the account already uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.deploy.doctor.check import Check, Result, failure, ok, skip, warning
from ops.deploy.doctor.context import Context
from ops.plan import PlannedResource

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from types_boto3_service_quotas import ServiceQuotasClient

SURGE = 2
"""During a deployment the old and the new tasks run together."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota of Service Quotas. `types`: types of the plan that count against it, if `where` holds. `used`: client,
    operation and field that list what the account has, filtered by `filters`.
    """

    name: str
    service: str
    code: str
    types: tuple[str, ...] = ()
    used: tuple[str, str, str] | None = None
    where: Callable[[PlannedResource], bool] = lambda _: True
    filters: tuple[tuple[str, str], ...] = ()
    per: str = ""


def _is_application(resource: PlannedResource) -> bool:
    return resource.inputs.get("loadBalancerType") != "network"


def _is_network(resource: PlannedResource) -> bool:
    return resource.inputs.get("loadBalancerType") == "network"


def _is_interface(resource: PlannedResource) -> bool:
    return resource.inputs.get("vpcEndpointType") == "Interface"


LOAD_BALANCER = ("aws:lb/loadBalancer:LoadBalancer",)
# Codes: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
QUOTAS = (
    Quota(name="VPCs", service="vpc", code="L-F678F1CE", types=("aws:ec2/vpc:Vpc",),
          used=("ec2", "describe_vpcs", "Vpcs")),
    Quota(name="internet gateways", service="vpc", code="L-A4707A72",
          types=("aws:ec2/internetGateway:InternetGateway",),
          used=("ec2", "describe_internet_gateways", "InternetGateways")),
    Quota(name="elastic IPs", service="ec2", code="L-0263D0A3", types=("aws:ec2/eip:Eip",),
          used=("ec2", "describe_addresses", "Addresses")),
    Quota(name="interface endpoints per VPC", service="vpc", code="L-29B6F2EB",
          types=("aws:ec2/vpcEndpoint:VpcEndpoint",), where=_is_interface, per="VPC"),
    Quota(name="security groups", service="vpc", code="L-E79EC296", types=("aws:ec2/securityGroup:SecurityGroup",),
          used=("ec2", "describe_security_groups", "SecurityGroups")),
    Quota(name="client VPN endpoints", service="ec2", code="L-8EA77D34", types=("aws:ec2clientvpn/endpoint:Endpoint",),
          used=("ec2", "describe_client_vpn_endpoints", "ClientVpnEndpoints")),
    Quota(name="site-to-site VPN connections", service="ec2", code="L-3E6EC3A3",
          types=("aws:ec2/vpnConnection:VpnConnection",), used=("ec2", "describe_vpn_connections", "VpnConnections")),
    Quota(name="application load balancers", service="elasticloadbalancing", code="L-53DA6B97", types=LOAD_BALANCER,
          where=_is_application, used=("elbv2", "describe_load_balancers", "LoadBalancers"),
          filters=(("Type", "application"),)),
    Quota(name="network load balancers", service="elasticloadbalancing", code="L-69A177A2", types=LOAD_BALANCER,
          where=_is_network, used=("elbv2", "describe_load_balancers", "LoadBalancers"),
          filters=(("Type", "network"),)),
    Quota(name="database clusters", service="rds", code="L-952B80B8", types=("aws:rds/cluster:Cluster",),
          used=("rds", "describe_db_clusters", "DBClusters")),
    Quota(name="database instances", service="rds", code="L-7B6409FD",
          types=("aws:rds/clusterInstance:ClusterInstance",), used=("rds", "describe_db_instances", "DBInstances")),
)  # fmt: skip
ON_DEMAND, SPOT = "L-3032A538", "L-36FBB829"
CONCURRENT_EXECUTIONS = "L-B99A9384"
MIN_UNRESERVED = 10
"""Executions that Lambda keeps unreserved where the account's quota is small, as in a new account, which has 10.
https://github.com/aws-samples/alarm-context-tool/issues/2"""


def read_quota(context: Context, service: str, code: str) -> float:
    """The account's own value of a quota, or AWS's default where it has none."""
    quotas: ServiceQuotasClient = context.client("service-quotas")
    missing = quotas.exceptions.NoSuchResourceException
    try:
        quota = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    except missing:
        quota = quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    return quota["Value"]


def is_deployed(context: Context) -> bool:
    """Whether the stack is already in the account, so that its resources are among the used ones."""
    tags = [("project", context.settings.study.id), ("env", context.settings.environment), ("managed-by", "pulumi")]
    tagging: ResourceGroupsTaggingAPIClient = context.client("resourcegroupstaggingapi")
    answer = tagging.get_resources(TagFilters=[{"Key": key, "Values": [value]} for key, value in tags])
    return bool(answer["ResourceTagMappingList"])


def check_quota(quota: Quota, context: Context) -> Result:
    """The resources in use and those that the plan adds stay within the quota."""
    resources = [each for kind in quota.types for each in context.plan.of_type(kind) if quota.where(each)]
    needed = len(resources)
    if not needed:
        return skip("the stack has none")
    deployed = quota.used is not None and is_deployed(context)
    used = 0 if quota.used is None else _count_used(context, *quota.used, filters=quota.filters)
    value = read_quota(context, quota.service, quota.code)
    summary = f"{needed} needed{' and there' if deployed else ''}, {used} used, {value:g} allowed"
    return _compare(summary, used + (0 if deployed else needed), value, quota.service, quota.code)


def _count_used(
    context: Context, service: str, operation: str, field: str, *, filters: Sequence[tuple[str, str]]
) -> int:
    client = context.client(service)
    if client.can_paginate(operation):
        resources = [each for page in client.get_paginator(operation).paginate() for each in page[field]]
    else:
        resources = getattr(client, operation)()[field]
    return sum(
        all(each.get(key) == value for key, value in filters) and each.get("State", "") != "deleted"
        for each in resources
    )


def count_vcpus(context: Context, *, spot: bool) -> float:
    """VCPU of the maximum number of tasks during a deployment, on Fargate Spot or on demand."""
    total = 0.0
    for tier in (context.settings.web, context.settings.app):
        on_spot = math.floor(tier.max * tier.spot_share)
        total += (on_spot if spot else tier.max - on_spot) * tier.cpu / 1024
    return total * SURGE


def check_fargate(context: Context, *, spot: bool) -> Result:
    """The maximum number of tasks fits while a deployment replaces them; a new account's quota is very small."""
    needed, code = count_vcpus(context, spot=spot), SPOT if spot else ON_DEMAND
    if not needed:
        return skip("the stack has none")
    value = read_quota(context, "fargate", code)
    summary = f"{needed:g} at most during a deployment, {value:g} allowed for the whole account"
    return _compare(summary, needed, value, "fargate", code)


def check_concurrency(context: Context) -> Result:
    """What the functions reserve is free, and Lambda keeps the executions that it wants unreserved."""
    functions = context.plan.of_type("aws:lambda/function:Function")
    if not functions:
        return skip("the stack has none")
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    reserved = sum(max(0, int(each.inputs.get("reservedConcurrentExecutions") or 0)) for each in functions)
    lambda_: LambdaClient = context.client("lambda")
    limit = lambda_.get_account_settings()["AccountLimit"]
    unreserved = limit.get("UnreservedConcurrentExecutions", 0)
    if not reserved:
        found = f"{len(functions)} functions reserve none and share {unreserved} unreserved"
        return _compare(found, 1, unreserved, "lambda", CONCURRENT_EXECUTIONS)
    # What a deployed stack reserves is no longer among the unreserved ones.
    needed = MIN_UNRESERVED + (0 if is_deployed(context) else reserved)
    found = f"{reserved} to reserve, {unreserved} unreserved, of which {MIN_UNRESERVED} must stay so"
    value = limit.get("ConcurrentExecutions", 0)
    return _compare(found, value - unreserved + needed, value, "lambda", CONCURRENT_EXECUTIONS)


def _compare(summary: str, total: float, value: float, service: str, code: str) -> Result:
    remedy = (
        f"`aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
        f"--desired-value {math.ceil(max(total, value) * 1.5)}`; it can take days"
    )
    if total > value:
        return failure(summary, remedy)
    return warning(f"{summary}: nothing is left", remedy) if total == value else ok(summary)


def _create_check(quota: Quota) -> Check:
    return Check(name=f"quota: {quota.name}", run=lambda context: check_quota(quota, context), aws=True)


CHECKS = (
    *(_create_check(quota) for quota in QUOTAS),
    Check(name="quota: Fargate vCPU", run=lambda context: check_fargate(context, spot=False), aws=True),
    Check(name="quota: Fargate Spot vCPU", run=lambda context: check_fargate(context, spot=True), aws=True),
    Check(name="quota: Lambda concurrency", run=check_concurrency, aws=True),
)
