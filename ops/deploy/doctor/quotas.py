"""AWS's quotas against what the plan declares and what the account uses already."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ops.deploy.doctor.check import Check, Patient, Result, failure, ok, skipped, warning

SURGE = 2
"""A deployment runs the old and the new tasks side by side."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota of Service Quotas. `types`: what counts against it in a plan. `used`: what the account has."""

    name: str
    service: str
    code: str
    types: tuple[str, ...] = ()
    used: tuple[str, str, str] | None = None
    where: Callable[[Any], bool] = lambda _: True
    filters: tuple[tuple[str, str], ...] = ()
    per: str = ""


def _application(resource: Any) -> bool:
    return resource.inputs.get("loadBalancerType") != "network"


def _network(resource: Any) -> bool:
    return resource.inputs.get("loadBalancerType") == "network"


def _interface(resource: Any) -> bool:
    return resource.inputs.get("vpcEndpointType") == "Interface"


BALANCER = ("aws:lb/loadBalancer:LoadBalancer",)
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
          types=("aws:ec2/vpcEndpoint:VpcEndpoint",), where=_interface, per="VPC"),
    Quota(name="security groups", service="vpc", code="L-E79EC296", types=("aws:ec2/securityGroup:SecurityGroup",),
          used=("ec2", "describe_security_groups", "SecurityGroups")),
    Quota(name="client VPN endpoints", service="ec2", code="L-8EA77D34", types=("aws:ec2clientvpn/endpoint:Endpoint",),
          used=("ec2", "describe_client_vpn_endpoints", "ClientVpnEndpoints")),
    Quota(name="site-to-site VPN connections", service="ec2", code="L-3E6EC3A3",
          types=("aws:ec2/vpnConnection:VpnConnection",), used=("ec2", "describe_vpn_connections", "VpnConnections")),
    Quota(name="application balancers", service="elasticloadbalancing", code="L-53DA6B97", types=BALANCER,
          where=_application, used=("elbv2", "describe_load_balancers", "LoadBalancers"),
          filters=(("Type", "application"),)),
    Quota(name="network balancers", service="elasticloadbalancing", code="L-69A177A2", types=BALANCER,
          where=_network, used=("elbv2", "describe_load_balancers", "LoadBalancers"), filters=(("Type", "network"),)),
    Quota(name="database clusters", service="rds", code="L-952B80B8", types=("aws:rds/cluster:Cluster",),
          used=("rds", "describe_db_clusters", "DBClusters")),
    Quota(name="database instances", service="rds", code="L-7B6409FD",
          types=("aws:rds/clusterInstance:ClusterInstance",), used=("rds", "describe_db_instances", "DBInstances")),
)  # fmt: skip
ON_DEMAND, SPOT = "L-3032A538", "L-36FBB829"


def limit(patient: Patient, service: str, code: str) -> float:
    """The account's own value of a quota, or AWS's default where it has none."""
    quotas = patient.client("service-quotas")
    missing = quotas.exceptions.NoSuchResourceException
    try:
        answer = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)
    except missing:
        answer = quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)
    return answer["Quota"]["Value"]


def deployed(patient: Patient) -> bool:
    """Whether the stack is in the account already, so that what it has counts as used."""
    tags = [("project", patient.settings.study.id), ("env", patient.settings.environment), ("managed-by", "pulumi")]
    filters = [{"Key": key, "Values": [value]} for key, value in tags]
    found = patient.client("resourcegroupstaggingapi").get_resources(TagFilters=filters)
    return bool(found["ResourceTagMappingList"])


def counted(quota: Quota, patient: Patient) -> Result:
    """What the plan adds to what is used stays within the quota."""
    resources = [each for kind in quota.types for each in patient.plan.of_type(kind) if quota.where(each)]
    needed = len(resources)
    if not needed:
        return skipped("the stack has none")
    there = quota.used is not None and deployed(patient)
    used = 0 if quota.used is None else _used(patient, *quota.used, filters=quota.filters)
    adds = 0 if there else needed
    value = limit(patient, quota.service, quota.code)
    said = f"{needed} needed{' and there' if there else ''}, {used} used, {value:g} allowed"
    return _judged(said, used + adds, value, quota.service, quota.code)


def _used(patient: Patient, service: str, operation: str, field: str, *, filters: Sequence[tuple[str, str]]) -> int:
    client = patient.client(service)
    if client.can_paginate(operation):
        found = [each for page in client.get_paginator(operation).paginate() for each in page[field]]
    else:
        found = getattr(client, operation)()[field]
    return sum(
        all(each.get(key) == value for key, value in filters) and each.get("State", "") != "deleted" for each in found
    )


def vcpus(patient: Patient, *, spot: bool) -> float:
    """VCPU of all tasks at their largest, twice: Fargate Spot takes its share, on-demand the rest."""
    total = 0.0
    for tier in (patient.settings.web, patient.settings.app):
        on_spot = math.floor(tier.max * tier.spot_share)
        total += (on_spot if spot else tier.max - on_spot) * tier.cpu / 1024
    return total * SURGE


def fargate(patient: Patient, *, spot: bool) -> Result:
    """Tasks at their largest while a deployment replaces them; a new account is allowed very few."""
    needed, code = vcpus(patient, spot=spot), SPOT if spot else ON_DEMAND
    if not needed:
        return skipped("the stack has none")
    value = limit(patient, "fargate", code)
    said = f"{needed:g} at most during a deployment, {value:g} allowed for the whole account"
    return _judged(said, needed, value, "fargate", code)


def _judged(said: str, total: float, value: float, service: str, code: str) -> Result:
    ask = (
        f"`aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
        f"--desired-value {math.ceil(max(total, value) * 1.5)}`; it can take days"
    )
    if total > value:
        return failure(said, ask)
    return warning(f"{said}: nothing is left", ask) if total == value else ok(said)


def _check(quota: Quota) -> Check:
    return Check(name=f"quota: {quota.name}", run=lambda patient: counted(quota, patient), aws=True)


CHECKS = (
    *(_check(quota) for quota in QUOTAS),
    Check(name="quota: Fargate vCPU", run=lambda patient: fargate(patient, spot=False), aws=True),
    Check(name="quota: Fargate Spot vCPU", run=lambda patient: fargate(patient, spot=True), aws=True),
)
