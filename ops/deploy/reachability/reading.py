"""Reads the packet model of a plan: its route tables, ACLs, security groups and gateways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from ops.deploy.reachability.filters import read_acl, read_groups, target, targets
from ops.deploy.reachability.model import (
    ALL_PORTS,
    LOCAL,
    Acl,
    AclEntry,
    Gateway,
    Kind,
    Nat,
    Network,
    Route,
    RouteTable,
    Subnet,
)
from ops.plan import Plan

Centers = Mapping[str, Sequence[IPv4Network]]
"""Networks of the centers by name. A plan does not contain them: its rules name networks, its gateways name centers."""

ANYWHERE = IPv4Network("0.0.0.0/0")
TARGETS = (
    "gatewayId",
    "natGatewayId",
    "transitGatewayId",
    "vpcEndpointId",
    "networkInterfaceId",
    "vpcPeeringConnectionId",
)
KINDS: Mapping[str, Kind] = {
    "aws:ec2/internetGateway:InternetGateway": "internet",
    "aws:ec2/natGateway:NatGateway": "nat",
    "aws:ec2/vpnGateway:VpnGateway": "vpn",
}
UNREAD = (
    "awsx:ec2",
    "aws:networkfirewall/",
    "aws:ec2/securityGroupRule:",
    "aws:ec2/networkAclRule:",
    "aws:ec2/networkAclAssociation:",
    "aws:ec2/mainRouteTableAssociation:",
    "aws:ec2/internetGatewayAttachment:",
    "aws:ec2/vpnGatewayAttachment:",
    "aws:ec2/vpcPeeringConnection:",
    "aws:ec2/vpcIpv4CidrBlockAssociation:",
    "aws:ec2/instance:",
    "aws:ec2/networkInterface:",
    "aws:ec2transitgateway/route",
)
"""Beginnings of the types that move or filter packets and that this model does not read."""


def unread(plan: Plan) -> list[str]:
    """Names of the resources that move or filter packets and that this model does not read."""
    return [resource.name for resource in plan.resources if resource.type.startswith(UNREAD)]


def read_network(plan: Plan, centers: Centers) -> Network:
    """The packet model of `plan`; PlanError unless it has exactly one VPC."""
    vpc = plan.resource("aws:ec2/vpc:Vpc")
    block = IPv4Network(vpc.inputs["cidrBlock"])
    arrivals = _arrivals(plan, centers)
    tables = _tables(plan, block, centers, arrivals)
    subnets = _subnets(plan, tables)
    internet = [
        _gateway(plan, found.urn)
        for found in plan.of_type("aws:ec2/internetGateway:InternetGateway")
        if target(plan, found.inputs.get("vpcId")) == vpc.urn
    ]
    return Network(
        block=block,
        subnets=subnets,
        groups=read_groups(plan),
        nats={
            nat.urn: Nat(
                subnets[target(plan, nat.inputs["subnetId"])],
                bool(nat.inputs.get("allocationId")) and nat.inputs.get("connectivityType", "public") == "public",
            )
            for nat in plan.of_type("aws:ec2/natGateway:NatGateway")
        },
        transits={
            target(plan, found.inputs["transitGatewayId"]): tuple(
                subnets[urn] for urn in targets(plan, found.inputs["subnetIds"])
            )
            for found in plan.of_type("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
        },
        arrivals=arrivals,
        internet=internet[0] if internet else None,
        tables=tuple(tables.values()),
    )


def _gateway(plan: Plan, key: str, kind: Kind = "unknown") -> Gateway:
    resource = plan.by_urn.get(key)
    if resource is None:
        return LOCAL if key == "local" else Gateway(kind, key, key)
    return Gateway(KINDS.get(resource.type, kind), resource.name, key)


def _arrivals(plan: Plan, centers: Centers) -> dict[str, tuple[Gateway, ...]]:
    """A center without a connection of its own reaches the store through the device of another center."""
    own: dict[str, list[Gateway]] = {}
    for connection in plan.of_type("aws:ec2/vpnConnection:VpnConnection"):
        device = plan.by_urn[target(plan, connection.inputs["customerGatewayId"])]
        transit = connection.inputs.get("transitGatewayId")
        key = target(plan, transit or connection.inputs.get("vpnGatewayId"))
        own.setdefault(device.inputs["deviceName"], []).append(_gateway(plan, key, "transit" if transit else "vpn"))
    every = tuple(dict.fromkeys(gateway for found in own.values() for gateway in found))
    return {center: tuple(own.get(center, every)) for center in centers}


def _tables(
    plan: Plan, vpc: IPv4Network, centers: Centers, arrivals: Mapping[str, tuple[Gateway, ...]]
) -> dict[str, RouteTable]:
    kinds = ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable")
    declared = [table for kind in kinds for table in plan.of_type(kind)]
    routes: dict[str, list[Route]] = {table.urn: [Route("local", LOCAL, vpc)] for table in declared}
    for table in declared:
        routes[table.urn] += [
            route
            for inputs in table.inputs.get("routes", ())
            for route in _routes(plan, table.name, inputs, inputs.get("cidrBlock"))
        ]
    for route in plan.of_type("aws:ec2/route:Route"):
        found = _routes(plan, route.name, route.inputs, route.inputs.get("destinationCidrBlock"))
        routes[target(plan, route.inputs["routeTableId"])] += found
    for propagation in plan.of_type("aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"):
        gateway = _gateway(plan, target(plan, propagation.inputs["vpnGatewayId"]))
        routes[target(plan, propagation.inputs["routeTableId"])] += [
            Route(propagation.name, gateway, block, propagated=True)
            for center, blocks in centers.items()
            if gateway in arrivals[center]
            for block in blocks
        ]
    for endpoint in plan.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        for table in targets(plan, endpoint.inputs.get("routeTableIds")):
            routes[table].append(Route(endpoint.name, Gateway("endpoint", endpoint.name, endpoint.urn)))
    return {table.urn: RouteTable(table.name, tuple(routes[table.urn])) for table in declared}


def _routes(plan: Plan, name: str, inputs: Mapping[str, Any], block: str | None) -> Iterator[Route]:
    for key in TARGETS:
        if inputs.get(key) and block:
            kind: Kind = "transit" if key == "transitGatewayId" else "unknown"
            yield Route(name, _gateway(plan, target(plan, inputs[key]), kind), IPv4Network(block))


def _subnets(plan: Plan, tables: Mapping[str, RouteTable]) -> dict[str, Subnet]:
    """A subnet without an association has the VPC's default table or ACL."""
    associated = {
        target(plan, found.inputs["subnetId"]): target(plan, found.inputs["routeTableId"])
        for found in plan.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    }
    default_tables = plan.of_type("aws:ec2/defaultRouteTable:DefaultRouteTable")
    default_table = tables[default_tables[0].urn] if default_tables else RouteTable("the default route table", ())
    acls: dict[str, Acl] = {}
    for declared in plan.of_type("aws:ec2/networkAcl:NetworkAcl"):
        acls |= dict.fromkeys(targets(plan, declared.inputs.get("subnetIds")), read_acl(declared))
    adopted = plan.of_type("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
    everything = (AclEntry(100, allow=True, ports=ALL_PORTS, block=ANYWHERE),)
    default_acl = (
        read_acl(adopted[0]) if adopted else Acl("the default ACL", {"ingress": everything, "egress": everything})
    )
    return {
        subnet.urn: Subnet(
            subnet.name,
            subnet.inputs["availabilityZone"],
            IPv4Network(subnet.inputs["cidrBlock"]),
            tables.get(associated.get(subnet.urn, ""), default_table),
            acls.get(subnet.urn, default_acl),
        )
        for subnet in plan.of_type("aws:ec2/subnet:Subnet")
    }
