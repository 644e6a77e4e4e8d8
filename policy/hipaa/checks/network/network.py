"""Networks: flow logs, routes, and VPC endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, value_at
from hipaa.reading.links import Answer, all_of, any_of, equals, is_referred_to, refers_to
from hipaa.reading.traffic import is_internet
from hipaa.rule import rule

GATEWAY_SERVICES = ("s3",)
INTERFACE_SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
OPTIONAL_SERVICES = ("kms", "ssmmessages")

OTHER_TARGET_TYPES = frozenset(
    {
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "aws:ec2/vpnGateway:VpnGateway",
        "aws:ec2transitgateway/transitGateway:TransitGateway",
    }
)
"""Targets of routes that are not internet gateways."""


@rule("NET-01", types.FLOW_LOG, types.VPC)
def has_flow_logs(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every VPC has a flow log of all traffic."""
    for vpc in stack.of([types.VPC]):
        logged = is_referred_to(stack, vpc, types.FLOW_LOG, "vpcId", lambda log: equals(log.get("trafficType"), "ALL"))
        if logged is None:
            yield vpc, Undecided(path="")
        elif not logged:
            yield vpc, Violation(message="no flow log records ALL of its traffic")


@rule("NET-02", types.DEFAULT_SECURITY_GROUP, types.VPC)
def closes_default_group(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """The default security group of every VPC is managed and has no rules; the provider removes absent rules.

    An unmanaged group keeps AWS's rules, which allow all traffic between members and all egress.
    """
    groups = stack.of([types.DEFAULT_SECURITY_GROUP])
    for vpc in stack.of([types.VPC]):
        managed = any_of(refers_to(stack, group, "vpcId", vpc) for group in groups)
        if managed is None:
            yield vpc, Undecided(path="")
        elif not managed:
            yield vpc, Violation(message="its default security group still has AWS's default rules")
    for group in groups:
        for path in ("ingress", "egress"):
            if group.get(path) is UNKNOWN:
                yield group, Undecided(path=path)
            elif list(group.elements(path)):
                yield group, Violation(message="the default security group has a rule", path=path)


@rule("NET-06", types.SUBNET)
def assigns_no_public_ips(subnet: Resource, _settings: Settings) -> Iterator[Finding]:
    """Subnets assign no public IP addresses; by default they do not."""
    for path in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"):
        yield from subnet.forbid(path, value=True, message="instances in this subnet get public IP addresses")


@rule("NET-07", types.ROUTE, types.ROUTE_TABLE, types.DEFAULT_ROUTE_TABLE)
def has_no_internet_route(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No separate or inline route sends all addresses to an internet gateway.

    A known gateway id shows its type; for an unknown one the dependencies do.
    """
    if resource.type == types.ROUTE:
        entries = [("", resource.properties)]
        destinations = ("destinationCidrBlock", "destinationIpv6CidrBlock")
    else:
        entries = list(resource.elements("routes"))
        destinations = ("cidrBlock", "ipv6CidrBlock")
    for path, entry in entries:
        everywhere = any_of(is_internet(value_at(entry, name)) for name in destinations)
        gateway = f"{path}.gatewayId" if path else "gatewayId"
        to_internet = all_of((everywhere, _is_internet_gateway(resource, gateway, value_at(entry, "gatewayId"))))
        if to_internet is None:
            yield Undecided(path=path)
        elif to_internet:
            yield Violation(message="it routes all addresses to an internet gateway", path=gateway)


def _is_internet_gateway(resource: Resource, path: str, gateway: object) -> Answer:
    if gateway is UNKNOWN and resource.get(path) is UNKNOWN:
        urns = resource.dependencies.get(path.split(".", maxsplit=1)[0], ())
        kinds = {urn.split("::")[2].rpartition("$")[2] for urn in urns}
        return not kinds or not kinds <= OTHER_TARGET_TYPES
    return gateway not in (ABSENT, "", "local") and not str(gateway).startswith(("vgw-", "vpce-"))


@rule(
    "NET-11",
    types.VPC_ENDPOINT,
    types.VPC,
    schema={name: {"type": "boolean", "default": False} for name in OPTIONAL_SERVICES},
)
def has_vpc_endpoints(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every VPC has endpoints for the services its tasks use. The default endpoint type is Gateway.

    The default services are those that ECS tasks need to start. ECS Exec needs `ssmmessages`; callers in the VPC that
    use a KMS key themselves, such as ECS Exec with a customer managed key, need `kms`.
    """
    optional = tuple(name for name in OPTIONAL_SERVICES if settings[name])
    wanted = {
        **dict.fromkeys(GATEWAY_SERVICES, "Gateway"),
        **dict.fromkeys((*INTERFACE_SERVICES, *optional), "Interface"),
    }
    for vpc in stack.of([types.VPC]):
        answers = {
            service: is_referred_to(
                stack, vpc, types.VPC_ENDPOINT, "vpcId", lambda one, s=service, k=kind: _serves(one, s, k)
            )
            for service, kind in wanted.items()
        }
        missing = [service for service, answer in answers.items() if answer is False]
        if missing:
            yield vpc, Violation(message=f"it has no endpoint for {', '.join(missing)}, so calls leave the VPC")
        elif None in answers.values():
            yield vpc, Undecided(path="")


def _serves(endpoint: Resource, service: str, kind: str) -> Answer:
    found = endpoint.get("vpcEndpointType")
    name = endpoint.get("serviceName")
    right_type = equals("Gateway" if found is ABSENT else found, kind)
    right_name = None if name is UNKNOWN else str(name).removesuffix("-fips").endswith(f".{service}")
    return all_of((right_type, right_name))
