"""Ways to and from the internet: none for tasks and data, one for what has to have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.plan import Plan, PlannedResource
from tests.unit.contracts.content import ANYWHERE

SUBNET = "aws:ec2/subnet:Subnet"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
NAT = "aws:ec2/natGateway:NatGateway"
INTERNET = "aws:ec2/internetGateway:InternetGateway"

DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "cidrBlock", "ipv6CidrBlock")

PRIVATE_TENANTS = {
    "aws:ecs/service:Service": "networkConfiguration",
    "aws:rds/subnetGroup:SubnetGroup": "subnetIds",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "subnetIds",
}
PUBLIC_TENANTS = {LOAD_BALANCER: "subnets", NAT: "subnetId"}
"""What stands in subnets, and the input that says in which."""


def tenants(plan: Plan, kinds: Mapping[str, str]) -> set[str]:
    """URNs of the subnets in which resources of these kinds stand."""
    return {
        found.urn
        for kind, name in kinds.items()
        for resource in plan.of_type(kind)
        for found in plan.references(resource.inputs.get(name, []))
        if plan.by_urn[found.urn].type == SUBNET
    }


def tables(plan: Plan) -> dict[str, list[PlannedResource]]:
    """Route tables by URN of the subnet they are associated with."""
    found: dict[str, list[PlannedResource]] = {subnet.urn: [] for subnet in plan.of_type(SUBNET)}
    for association in plan.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation"):
        for subnet in plan.references(association.inputs["subnetId"]):
            found[subnet.urn] += [plan.by_urn[each.urn] for each in plan.references(association.inputs["routeTableId"])]
    return found


def default_routes(plan: Plan, table: PlannedResource) -> Iterator[Mapping[str, Any]]:
    """Routes of a table that lead anywhere: resources of their own, and those written into the table."""
    for route in plan.of_type("aws:ec2/route:Route"):
        if table.urn in {found.urn for found in plan.references(route.inputs["routeTableId"])} and _anywhere(
            route.inputs
        ):
            yield route.inputs
    yield from (route for route in table.inputs.get("routes", []) if _anywhere(route))


def _anywhere(route: Mapping[str, Any]) -> bool:
    return bool(ANYWHERE.intersection(str(route.get(name)) for name in DESTINATIONS))


def closed_subnets(plan: Plan) -> list[str]:
    """Every subnet has a route table of ours; only those of load balancers and NAT gateways may lead anywhere."""
    open_ones = tenants(plan, PUBLIC_TENANTS)
    violations = []
    for urn, found in tables(plan).items():
        if len(found) != 1:
            violations.append(f"{urn}: has {len(found)} route tables, not one")
        if urn not in open_ones and any(route for table in found for route in default_routes(plan, table)):
            violations.append(f"{urn}: has a route to anywhere")
    defaults = plan.of_type("aws:ec2/defaultRouteTable:DefaultRouteTable")
    return violations + [f"{table.urn}: is not empty" for table in defaults if table.inputs.get("routes")]


def separate_subnets(plan: Plan) -> list[str]:
    """Neither a task nor the database nor an endpoint stands in a subnet of the load balancers or the NAT gateway."""
    shared = tenants(plan, PRIVATE_TENANTS) & tenants(plan, PUBLIC_TENANTS)
    return [f"{urn}: tasks or data stand beside a load balancer" for urn in sorted(shared)]


def needed_ways_out(plan: Plan) -> list[str]:
    """Load balancers lead anywhere by an internet gateway only if they face it, by NAT only if they ask who a person is."""
    public = any(not load_balancer.inputs.get("internal") for load_balancer in plan.of_type(LOAD_BALANCER))
    asks = bool(plan.of_type("aws:cognito/userPool:UserPool"))
    allowed = {INTERNET} if public else {NAT} if asks else set()
    return [
        f"{urn}: leads anywhere by {', '.join(sorted(ways)) or 'nobody knows what'}"
        for urn in sorted(tenants(plan, {LOAD_BALANCER: "subnets"}))
        for table in tables(plan)[urn]
        for route in default_routes(plan, table)
        if not (ways := {plan.by_urn[found.urn].type for found in plan.references(_target(route))}) or ways - allowed
    ]


def _target(route: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in route.items() if name != "routeTableId"}


def no_public_addresses(plan: Plan) -> list[str]:
    """Only a public load balancer and the NAT gateway have public addresses; subnets, tasks and database have none."""
    switches = {
        SUBNET: ("mapPublicIpOnLaunch",),
        "aws:ecs/service:Service": ("networkConfiguration", "assignPublicIp"),
        "aws:rds/clusterInstance:ClusterInstance": ("publiclyAccessible",),
        "aws:rds/cluster:Cluster": ("publiclyAccessible",),
    }
    optional = {"aws:rds/cluster:Cluster"}
    violations = []
    for kind, path in switches.items():
        for resource in plan.of_type(kind):
            value: Any = resource.inputs
            for name in path:
                value = value.get(name, {}) if isinstance(value, Mapping) else value
            if value is not False and not (value == {} and kind in optional):
                violations.append(f"{resource.urn}: {path[-1]} is {value or 'left to AWS'}")
    held = {found.urn for nat in plan.of_type(NAT) for found in plan.references(nat.inputs.get("allocationId", ""))}
    addresses = [address for address in plan.of_type("aws:ec2/eip:Eip") if address.urn not in held]
    return violations + [f"{address.urn}: is no NAT gateway's" for address in addresses]


def campus_routes(plan: Plan) -> list[str]:
    """Subnets of tasks, endpoints and data never learn the way to a center, by propagation or by a route."""
    closed = {table.urn for urn in tenants(plan, PRIVATE_TENANTS) for table in tables(plan)[urn]}
    ways = [
        *plan.of_type("aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"),
        *plan.of_type("aws:ec2/route:Route"),
    ]
    return [
        f"{way.urn}: leads out of subnets of tasks or data"
        for way in ways
        if closed.intersection(found.urn for found in plan.references(way.inputs["routeTableId"]))
    ]
