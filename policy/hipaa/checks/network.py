"""Networks: what is logged, where routes lead, and how AWS's services are reached."""

from __future__ import annotations

from collections.abc import Iterator

from hipaa import types
from hipaa.links import Answer, both, either, equals, has, names
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, look
from hipaa.rule import rule
from hipaa.traffic import is_internet

GATEWAY = ("s3",)
INTERFACE = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
OPTIONAL = ("kms", "ssmmessages")

ELSEWHERE = frozenset(
    {
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "aws:ec2/vpnGateway:VpnGateway",
        "aws:ec2transitgateway/transitGateway:TransitGateway",
    }
)
"""What a route may lead to that is no internet gateway."""


@rule("NET-01", types.FLOW_LOG, types.VPC)
def flow_logs(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every VPC has a flow log of all its traffic."""
    for vpc in stack.of([types.VPC]):
        logged = has(stack, vpc, types.FLOW_LOG, "vpcId", lambda log: equals(log.get("trafficType"), "ALL"))
        if logged is None:
            yield vpc, Undecided(path="")
        elif not logged:
            yield vpc, Violation(message="no flow log records ALL of its traffic")


@rule("NET-02", types.DEFAULT_SECURITY_GROUP, types.VPC)
def closed_default_group(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """The default group of every VPC is taken over and let nothing through; absent rules are removed by the provider.

    A group that is not taken over keeps AWS's rules, which allow everything among its members and out.
    """
    groups = stack.of([types.DEFAULT_SECURITY_GROUP])
    for vpc in stack.of([types.VPC]):
        taken = either(names(stack, group, "vpcId", vpc) for group in groups)
        if taken is None:
            yield vpc, Undecided(path="")
        elif not taken:
            yield vpc, Violation(message="its default security group still has the rules that AWS gave it")
    for group in groups:
        for path in ("ingress", "egress"):
            if group.get(path) is UNKNOWN:
                yield group, Undecided(path=path)
            elif list(group.each(path)):
                yield group, Violation(message="the default security group has a rule", path=path)


@rule("NET-06", types.SUBNET)
def no_public_addresses(subnet: Resource, _settings: Settings) -> Iterator[Finding]:
    """Subnets give nobody a public address; absent is AWS's default, which is off."""
    for path in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"):
        found = subnet.get(path)
        if found is UNKNOWN:
            yield Undecided(path=path)
        elif found is True:
            yield Violation(message="everything started in this subnet gets a public address", path=path)


@rule("NET-07", types.ROUTE, types.ROUTE_TABLE, types.DEFAULT_ROUTE_TABLE)
def no_route_to_the_internet(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No route, of its own or within a table, takes all addresses to an internet gateway.

    A gateway may be another than the internet's: a known id tells, and an unknown one by what it depends on.
    """
    if resource.type == types.ROUTE:
        entries = [("", resource.properties)]
        destinations = ("destinationCidrBlock", "destinationIpv6CidrBlock")
    else:
        entries = list(resource.each("routes"))
        destinations = ("cidrBlock", "ipv6CidrBlock")
    for path, entry in entries:
        everywhere = either(is_internet(look(entry, name)) for name in destinations)
        gateway = f"{path}.gatewayId" if path else "gatewayId"
        leads = both(everywhere, _to_internet(resource, gateway, look(entry, "gatewayId")))
        if leads is None:
            yield Undecided(path=path)
        elif leads:
            yield Violation(message="all addresses are reached through an internet gateway", path=gateway)


def _to_internet(resource: Resource, path: str, gateway: object) -> Answer:
    if gateway is UNKNOWN and resource.get(path) is UNKNOWN:
        urns = resource.dependencies.get(path.split(".", maxsplit=1)[0], ())
        kinds = {urn.split("::")[2].rpartition("$")[2] for urn in urns}
        return not kinds or not kinds <= ELSEWHERE
    return gateway not in (ABSENT, "", "local") and not str(gateway).startswith(("vgw-", "vpce-"))


@rule(
    "NET-11",
    types.VPC_ENDPOINT,
    types.VPC,
    schema={name: {"type": "boolean", "default": False} for name in OPTIONAL},
)
def private_endpoints(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every VPC has endpoints of the services that its tasks use. The type absent is AWS's default, Gateway.

    By default these are what ECS tasks use to start; ECS Exec needs `ssmmessages`, callers in the VPC that use a key
    themselves (ECS Exec with a key of one's own is one) need `kms`.
    """
    optional = tuple(name for name in OPTIONAL if settings[name])
    wanted = {**dict.fromkeys(GATEWAY, "Gateway"), **dict.fromkeys((*INTERFACE, *optional), "Interface")}
    for vpc in stack.of([types.VPC]):
        answers = {
            service: has(stack, vpc, types.VPC_ENDPOINT, "vpcId", lambda one, s=service, k=kind: _serves(one, s, k))
            for service, kind in wanted.items()
        }
        missing = [service for service, answer in answers.items() if answer is False]
        if missing:
            yield vpc, Violation(message=f"calls of {', '.join(missing)} leave the VPC: there is no endpoint for them")
        elif None in answers.values():
            yield vpc, Undecided(path="")


def _serves(endpoint: Resource, service: str, kind: str) -> Answer:
    found = endpoint.get("vpcEndpointType")
    name = endpoint.get("serviceName")
    right_type = equals("Gateway" if found is ABSENT else found, kind)
    right_name = None if name is UNKNOWN else str(name).removesuffix("-fips").endswith(f".{service}")
    return both(right_type, right_name)
