"""Contracts of ways to and from the internet, and for each a broken plan that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.unit.contracts import routes
from tests.unit.contracts.edit import copy_resource, edit_named, edit_nested, with_inputs, without
from tests.unit.contracts.mutation import Contract, ContractTests, Mutation

CONTRACTS: tuple[Contract, ...] = (
    routes.closed_subnets,
    routes.separate_subnets,
    routes.needed_ways_out,
    routes.no_public_addresses,
    routes.campus_routes,
)


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_stack_keeps(contract: Contract, stack: str, plans: Plans):
    assert contract(plans(stack)) == []


def token(plan: Plan, name: str, output: str = "id") -> str:
    return f"${{{plan.resource(name=name).urn}.{output}}}"


def route(table: str, **inputs: Any) -> Callable[[Plan], Plan]:
    """One more route, like that of the edge subnets to the internet, in another table."""
    return lambda plan: copy_resource(plan, "network-edge-internet", routeTableId=token(plan, table), **inputs)


def inline(table: str, **inputs: Any) -> Callable[[Plan], Plan]:
    return edit_named(table, routes=[{"gatewayId": "igw-0", **inputs}])


def move(name: str, path: str, subnet: str) -> Callable[[Plan], Plan]:
    """Puts the first of what stands in subnets into another one."""
    return lambda plan: edit_nested(name, path, token(plan, subnet))(plan)


def without_sign_in(plan: Plan) -> Plan:
    return without(plan, plan.resource(name="identity-pool"))


def private_load_balancer(plan: Plan) -> Plan:
    return with_inputs(plan, plan.resource(routes.LOAD_BALANCER), internal=True)


MUTATIONS = {
    "tasks with a way out": Mutation(routes.closed_subnets, route("network-app-routes"), "has a route to anywhere"),
    "data with a way out by IPv6": Mutation(
        routes.closed_subnets,
        route("network-data-routes", destinationCidrBlock=None, destinationIpv6CidrBlock="::/0"),
        "has a route to anywhere",
    ),
    "way out written into the table": Mutation(
        routes.closed_subnets, inline("network-app-routes", cidrBlock="0.0.0.0/0"), "has a route to anywhere"
    ),
    "way out by IPv6 written into the table": Mutation(
        routes.closed_subnets, inline("network-data-routes", ipv6CidrBlock="::/0"), "has a route to anywhere"
    ),
    "subnet of another table": Mutation(
        routes.closed_subnets, move("network-app-a-routes", "routeTableId", "network-edge-routes"), "to anywhere"
    ),
    "subnet without a table": Mutation(
        routes.closed_subnets,
        lambda plan: without(plan, plan.resource(name="network-data-b-routes")),
        "has 0 route tables",
    ),
    "default table with a route": Mutation(
        routes.closed_subnets, inline("network-default-routes", cidrBlock="0.0.0.0/0"), "is not empty"
    ),
    "tasks beside the load balancer": Mutation(
        routes.separate_subnets,
        move("app-service", "networkConfiguration.subnets.0", "network-edge-a"),
        "tasks or data stand beside a load balancer",
    ),
    "database beside the load balancer": Mutation(
        routes.separate_subnets,
        move("database-subnets", "subnetIds.1", "network-edge-b"),
        "tasks or data stand beside a load balancer",
    ),
    "load balancer beside the NAT gateway": Mutation(
        routes.separate_subnets,
        move("web-service", "networkConfiguration.subnets.0", "egress-a"),
        "tasks or data stand beside a load balancer",
        "prod",
    ),
    "internet gateway of a private load balancer": Mutation(
        routes.needed_ways_out, private_load_balancer, "leads anywhere by aws:ec2/internetGateway:InternetGateway"
    ),
    "NAT that nobody needs": Mutation(
        routes.needed_ways_out, without_sign_in, "leads anywhere by aws:ec2/natGateway:NatGateway", "prod"
    ),
    "way out to nobody knows what": Mutation(
        routes.needed_ways_out,
        edit_named("network-edge-internet", gatewayId="igw-0123456789abcdef0"),
        "leads anywhere by nobody knows what",
    ),
    "public task": Mutation(
        routes.no_public_addresses,
        edit_nested("app-service", "networkConfiguration.assignPublicIp", new=True),
        "assignPublicIp is True",
    ),
    "public database": Mutation(
        routes.no_public_addresses, edit_named("database-writer", publiclyAccessible=True), "publiclyAccessible is True"
    ),
    "database as AWS pleases": Mutation(
        routes.no_public_addresses, edit_named("database-writer", publiclyAccessible=None), "is left to AWS"
    ),
    "subnet of public addresses": Mutation(
        routes.no_public_addresses, edit_named("network-app-a", mapPublicIpOnLaunch=True), "mapPublicIpOnLaunch is True"
    ),
    "address of nobody": Mutation(
        routes.no_public_addresses, lambda plan: copy_resource(plan, "egress-address"), "is no NAT gateway's", "prod"
    ),
    "center's way into the data subnets": Mutation(
        routes.campus_routes,
        move("vpn-edge-routes", "routeTableId", "network-data-routes"),
        "leads out of subnets of tasks or data",
        "prod",
    ),
    "center's way into the subnets of tasks": Mutation(
        routes.campus_routes,
        move("vpn-edge-routes", "routeTableId", "network-app-routes"),
        "leads out of subnets of tasks or data",
        "prod",
    ),
    "route out of the data subnets": Mutation(
        routes.campus_routes,
        route("network-data-routes", destinationCidrBlock="172.20.0.0/16"),
        "leads out of subnets of tasks or data",
    ),
}


class TestMutations(ContractTests):
    contracts = CONTRACTS
    mutations = MUTATIONS


def test_a_private_network_without_sign_in_has_no_way_out_at_all(plans: Plans):
    plan = without_sign_in(plans("prod"))
    closed = without(plan, plan.resource(name="egress-edge"))
    assert routes.needed_ways_out(closed) == []
