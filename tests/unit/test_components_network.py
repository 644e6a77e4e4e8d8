"""The VPC and its network ACLs, as they are registered."""

from __future__ import annotations

from ipaddress import IPv4Network

import pulumi
import pytest
from pulumi_aws import ec2, vpc

from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.reading import dependencies, references_of, statements

ENDPOINTS = ("ecr-api", "ecr-dkr", "logs", "secretsmanager")


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@pytest.fixture
def dev(plans: Plans) -> Plan:
    return plans("dev")


def entries(plan: Plan, role: str, direction: str) -> set[tuple[str, int, int]]:
    rules = plan.resource(ec2.NetworkAcl, name=f"network-{role}-acl").inputs[direction]
    return {(rule["cidrBlock"], rule["fromPort"], rule["toPort"]) for rule in rules if rule["protocol"] == "tcp"}


def test_the_edge_has_no_route_to_the_internet_behind_a_vpn():
    hidden = plan("prod", overrides={"identity": None, "client_vpn": None, "viewer": False})
    assert hidden.of_type(ec2.InternetGateway) == []
    assert hidden.of_type(ec2.Route) == []


def test_where_people_sign_in_behind_a_vpn_the_edge_opens_connections_but_takes_none(prod: Plan):
    routes = [
        route
        for route in prod.of_type(ec2.Route)
        if references_of(prod, route.inputs["routeTableId"]) == ["network-edge-routes.id"]
    ]
    assert [route.inputs["destinationCidrBlock"] for route in routes] == ["0.0.0.0/0"]
    assert references_of(prod, routes[0].inputs["natGatewayId"]) == ["egress-nat.id"]


@pytest.mark.parametrize("stack", stacks())
def test_tasks_and_database_have_no_route_to_the_internet(stack: str, plans: Plans):
    made = plans(stack)
    tables = {table for route in made.of_type(ec2.Route) for table in references_of(made, route.inputs["routeTableId"])}
    assert not {"network-app-routes.id", "network-data-routes.id"} & tables


def test_only_the_edge_of_a_public_store_reaches_the_internet(dev: Plan):
    route = dev.resource(ec2.Route)
    assert references_of(dev, route.inputs["routeTableId"]) == ["network-edge-routes.id"]
    assert route.inputs["destinationCidrBlock"] == "0.0.0.0/0"


@pytest.mark.parametrize("stack", stacks())
def test_route_tables_hold_no_route_of_their_own(stack: str, plans: Plans):
    tables = [*plans(stack).of_type(ec2.RouteTable), *plans(stack).of_type(ec2.DefaultRouteTable)]
    assert len(tables) >= 4
    assert not any("routes" in table.inputs for table in tables)


@pytest.mark.parametrize("stack", stacks())
def test_no_subnet_hands_out_public_addresses(stack: str, plans: Plans):
    assert {subnet.inputs["mapPublicIpOnLaunch"] for subnet in plans(stack).of_type(ec2.Subnet)} == {False}


@pytest.mark.parametrize("role", ["edge", "app", "data"])
def test_a_subnet_uses_the_route_table_of_its_role(role: str, prod: Plan):
    for zone in "ab":
        inputs = prod.resource(ec2.RouteTableAssociation, name=f"network-{role}-{zone}-routes").inputs
        assert references_of(prod, inputs) == [f"network-{role}-routes.id", f"network-{role}-{zone}.id"]


def test_subnets_lie_in_their_zone(prod: Plan):
    for zone in "ab":
        assert prod.resource(name=f"network-data-{zone}").inputs["availabilityZone"] == f"us-east-1{zone}"


def test_a_further_zone_moves_no_subnet(dev: Plan):
    wider = plan("dev", overrides={"network": {"availability_zones": 3}})
    before, after = (
        {subnet.urn: subnet.inputs["cidrBlock"] for subnet in made.of_type(ec2.Subnet)} for made in (dev, wider)
    )
    assert len(after) == len(before) + 3
    assert before.items() <= after.items()


def test_the_default_security_group_is_adopted_without_any_rule(prod: Plan):
    inputs = prod.resource(ec2.DefaultSecurityGroup).inputs
    assert not {"ingress", "egress"} & inputs.keys()


def test_the_default_acl_is_adopted_without_any_rule(prod: Plan):
    inputs = prod.resource(ec2.DefaultNetworkAcl).inputs
    assert not {"ingress", "egress", "subnetIds"} & inputs.keys()


def test_database_subnets_admit_the_database_port_from_task_subnets_alone(prod: Plan):
    assert entries(prod, "data", "ingress") == {("10.30.4.0/24", 5432, 5432), ("10.30.5.0/24", 5432, 5432)}


def test_database_subnets_answer_task_subnets_alone(prod: Plan):
    assert {peer for peer, *_ in entries(prod, "data", "egress")} == {"10.30.4.0/24", "10.30.5.0/24"}


def test_edge_subnets_admit_clients_and_the_vpc_alone(dev: Plan):
    assert {peer for peer, *_ in entries(dev, "edge", "ingress")} == {"203.0.113.0/24", "10.20.0.0/20"}


def test_every_acl_covers_all_subnets_of_its_role(prod: Plan):
    for role in ("edge", "app", "data"):
        inputs = prod.resource(name=f"network-{role}-acl").inputs
        assert references_of(prod, inputs["subnetIds"]) == [f"network-{role}-a.id", f"network-{role}-b.id"]


def test_the_s3_endpoint_lets_through_this_stacks_buckets_and_image_layers_alone(prod: Plan):
    found = statements(prod.resource(ec2.VpcEndpoint, name="network-s3"))
    assert found["OwnBuckets"]["Resource"] == ["arn:aws:s3:::octank-prod-*", "arn:aws:s3:::octank-prod-*/*"]
    own = {"aws:PrincipalAccount": "444455556666", "aws:ResourceAccount": "444455556666"}
    assert found["OwnBuckets"]["Condition"] == {"StringEquals": own}
    assert found["EcrLayers"]["Action"] == ["s3:GetObject"]
    assert found["EcrLayers"]["Resource"] == ["arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"]
    assert len(found) == 2


def test_only_tasks_have_a_route_to_s3(prod: Plan):
    inputs = prod.resource(name="network-s3").inputs
    assert references_of(prod, inputs["routeTableIds"]) == ["network-app-routes.id"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_interface_endpoint_serves_principals_of_this_account_alone(endpoint: str, prod: Plan):
    (only,) = statements(prod.resource(ec2.VpcEndpoint, name=f"network-{endpoint}")).values()
    assert only["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "444455556666"}}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_tasks_find_an_interface_endpoint_by_the_usual_name(endpoint: str, prod: Plan):
    inputs = prod.resource(name=f"network-{endpoint}").inputs
    assert inputs["privateDnsEnabled"] is True
    assert references_of(prod, inputs["securityGroupIds"]) == ["network-endpoints.id"]


def test_endpoint_zones_bound_the_interfaces_that_are_paid_for(dev: Plan):
    for endpoint in ENDPOINTS:
        inputs = dev.resource(name=f"network-{endpoint}").inputs
        assert references_of(dev, inputs["subnetIds"]) == ["network-app-a.id"]


def test_every_flow_is_logged(prod: Plan):
    flow = prod.resource(ec2.FlowLog)
    assert flow.inputs["trafficType"] == "ALL"
    assert references_of(prod, flow.inputs["logDestination"]) == ["network-flow-logs.arn"]


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_edge_subnets_let_routers_report_the_mtu_of_a_path(direction: str, stack: str, plans: Plans):
    rules = plans(stack).resource(ec2.NetworkAcl, name="network-edge-acl").inputs[direction]
    (icmp,) = [rule for rule in rules if rule["protocol"] == "icmp"]
    assert (icmp["icmpType"], icmp["icmpCode"], icmp["cidrBlock"]) == (3, 4, "0.0.0.0/0")


def test_app_subnets_name_the_subnets_of_both_ends(prod: Plan):
    tasks, data = (
        {prod.resource(ec2.Subnet, name=f"network-{role}-{zone}").inputs["cidrBlock"] for zone in "ab"}
        for role in ("app", "data")
    )
    assert {peer for peer, first, _ in entries(prod, "app", "ingress") if first == 443} == tasks
    assert {peer for peer, first, _ in entries(prod, "app", "egress") if first == 5432} == data


def test_the_flow_log_s_role_has_every_documented_right(prod: Plan):
    allowed = statements(prod.resource(name="network-flow-writer-policy"))
    actions = {action for statement in allowed.values() for action in statement["Action"]}
    documented = {"CreateLogStream", "PutLogEvents", "DescribeLogGroups", "DescribeLogStreams"}
    assert actions == {f"logs:{name}" for name in documented}, "the log group exists, so it needs no CreateLogGroup"


def test_the_flow_log_waits_until_its_role_may_write(prod: Plan):
    assert "network-flow-writer-policy-attachment" in dependencies(prod, prod.resource(ec2.FlowLog))


@pytest.mark.parametrize("stack", stacks())
def test_security_groups_start_closed(stack: str, plans: Plans):
    groups = plans(stack).of_type(ec2.SecurityGroup)
    assert groups
    assert not any({"ingress", "egress", "name"} & group.inputs.keys() for group in groups)


@pytest.mark.parametrize("stack", stacks())
def test_a_path_between_two_groups_is_opened_at_both_ends(stack: str, plans: Plans):
    made = plans(stack)

    def paths(kind: type[pulumi.Resource], *, outward: bool) -> set[tuple[str, str, int]]:
        found = set()
        for rule in made.of_type(kind):
            if "referencedSecurityGroupId" in rule.inputs:
                own, other = rule.inputs["securityGroupId"], rule.inputs["referencedSecurityGroupId"]
                found.add((own, other, rule.inputs["toPort"]) if outward else (other, own, rule.inputs["toPort"]))
        return found

    outward = paths(vpc.SecurityGroupEgressRule, outward=True)
    assert outward == paths(vpc.SecurityGroupIngressRule, outward=False) != set()


@pytest.mark.parametrize("stack", stacks())
def test_tasks_and_database_may_not_connect_to_an_address(stack: str, plans: Plans):
    made = plans(stack)
    rules = made.of_type(vpc.SecurityGroupEgressRule)
    free = [rule for rule in rules if {"cidrIpv4", "cidrIpv6"} & rule.inputs.keys()]
    groups = {group for rule in free for group in references_of(made, rule.inputs["securityGroupId"])}
    assert not {"app-tasks.id", "web-tasks.id", "database-access.id", "network-endpoints.id"} & groups


@pytest.mark.parametrize("stack", stacks())
def test_every_rule_opens_one_tcp_port_and_says_why(stack: str, plans: Plans):
    made = plans(stack)
    for rule in (*made.of_type(vpc.SecurityGroupIngressRule), *made.of_type(vpc.SecurityGroupEgressRule)):
        assert rule.inputs["ipProtocol"] == "tcp"
        assert rule.inputs["fromPort"] == rule.inputs["toPort"]
        assert rule.inputs["description"]


def test_only_orthanc_and_rotation_reach_the_database(prod: Plan):
    reaching = [
        rule
        for rule in prod.of_type(vpc.SecurityGroupIngressRule)
        if references_of(prod, rule.inputs["securityGroupId"]) == ["database-access.id"]
    ]
    assert {rule.inputs["toPort"] for rule in reaching} == {5432}
    sources = [name for rule in reaching for name in references_of(prod, rule.inputs["referencedSecurityGroupId"])]
    assert sorted(sources) == ["app-tasks.id", "rotation-function.id"]


def test_every_subnet_lies_in_the_vpc(prod: Plan):
    whole = IPv4Network(prod.resource(ec2.Vpc).inputs["cidrBlock"])
    assert all(IPv4Network(subnet.inputs["cidrBlock"]).subnet_of(whole) for subnet in prod.of_type(ec2.Subnet))
