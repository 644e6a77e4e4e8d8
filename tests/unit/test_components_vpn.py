"""How centers and people reach a store that is not public."""

from __future__ import annotations

from functools import cache
from typing import Any

import pulumi
import pytest
from pulumi_aws import cloudwatch, ec2, ec2clientvpn, ec2transitgateway, iam, vpc

from components.network.vpn import PLAIN_ASN_MAX, asn_arguments, tunnel_arguments, with_gateway
from ops.plan import Plan, PlannedResource
from settings import Center
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.reading import dependencies, references_of

TRANSIT = "tgw-0123456789abcdef0"


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@cache
def through_transit() -> Plan:
    return plan("prod", overrides={"network": {"transit_gateway_id": TRANSIT}})


@cache
def of_two_centers() -> Plan:
    centers = [
        {"name": "east", "networks": ["172.20.0.0/16"], "gateway": {"address": "198.51.100.10", "asn": 65010}},
        {"name": "west", "networks": ["172.21.0.0/16"], "gateway": {"address": "198.51.100.20", "asn": 4200000000}},
    ]
    return plan("prod", overrides={"centers": centers})


def alarms(made: Plan) -> list[PlannedResource]:
    return [each for each in made.of_type(cloudwatch.MetricAlarm) if each.name.startswith("vpn-")]


@pytest.mark.parametrize(
    ("asn", "argument"),
    [(1, "bgp_asn"), (65_535, "bgp_asn"), (PLAIN_ASN_MAX, "bgp_asn"), (PLAIN_ASN_MAX + 1, "bgp_asn_extended")],
)
def test_a_long_number_of_an_autonomous_system_goes_into_an_argument_of_its_own(asn: int, argument: str):
    assert asn_arguments(asn) == {argument: str(asn)}


def test_a_tunnel_has_one_proposal_for_both_phases_and_one_version_of_ike():
    arguments = tunnel_arguments(2, "arn")
    assert all(name.startswith("tunnel2_") for name in arguments)
    assert arguments["tunnel2_ike_versions"] == ["ikev2"]
    for phase in (1, 2):
        assert arguments[f"tunnel2_phase{phase}_encryption_algorithms"] == ["AES256-GCM-16"]
        assert arguments[f"tunnel2_phase{phase}_integrity_algorithms"] == ["SHA2-384"]
        assert arguments[f"tunnel2_phase{phase}_dh_group_numbers"] == [20]


def test_aws_opens_a_tunnel_and_opens_it_again():
    arguments = tunnel_arguments(1, "arn")
    assert (arguments["tunnel1_startup_action"], arguments["tunnel1_dpd_timeout_action"]) == ("start", "restart")


def test_negotiation_and_routing_of_a_tunnel_are_logged():
    log = tunnel_arguments(1, "arn")["tunnel1_log_options"]["cloudwatch_log_options"]
    assert (log["log_enabled"], log["bgp_log_enabled"]) == (True, True)
    assert (log["log_group_arn"], log["bgp_log_group_arn"]) == ("arn", "arn")


def test_only_centers_with_a_device_get_a_connection():
    plain = Center(name="plain")
    device = Center.model_validate({"name": "device", "gateway": {"address": "198.51.100.10", "asn": 65010}})
    assert [center.name for center, _ in with_gateway([plain, device])] == ["device"]


def test_where_no_center_has_a_device_nothing_is_declared(plans: Plans):
    component = plans("dev").resource("imgstore:vpn:CampusVpn")
    assert plans("dev").children(component.urn) == []
    assert component.outputs == {"connections": {}}


def test_the_keys_of_the_tunnels_are_made_and_kept_by_aws(prod: Plan):
    connection = prod.resource(ec2.VpnConnection)
    assert connection.inputs["presharedKeyStorage"] == "SecretsManager"
    assert not {"tunnel1PresharedKey", "tunnel2PresharedKey"} & connection.inputs.keys()


def test_each_center_has_a_device_a_connection_and_a_log_of_its_own():
    made = of_two_centers()
    devices = {each.name: each.inputs for each in made.of_type(ec2.CustomerGateway)}
    assert devices["vpn-east-device"]["bgpAsn"] == "65010"
    assert devices["vpn-west-device"]["bgpAsnExtended"] == "4200000000"
    for center in ("east", "west"):
        connection = made.resource(ec2.VpnConnection, name=f"vpn-{center}")
        assert references_of(made, connection.inputs["customerGatewayId"]) == [f"vpn-{center}-device.id"]
        assert set(references_of(made, connection.inputs["tunnel1LogOptions"])) == {f"vpn-{center}-logs.arn"}
    assert len(made.of_type(ec2.VpnGateway)) == 1


def test_only_edge_subnets_learn_the_centers_routes(prod: Plan):
    spread = prod.of_type(ec2.VpnGatewayRoutePropagation)
    tables = [table for each in spread for table in references_of(prod, each.inputs["routeTableId"])]
    assert sorted(tables) == ["network-edge-routes.id"], "a center may announce the default route"


def test_a_transit_gateway_takes_the_place_of_the_vpn_gateway():
    made = through_transit()
    assert made.of_type(ec2.VpnGateway) == []
    assert made.of_type(ec2.VpnGatewayRoutePropagation) == []
    assert made.resource(ec2.VpnConnection).inputs["transitGatewayId"] == TRANSIT
    attachment = made.resource(ec2transitgateway.VpcAttachment)
    assert references_of(made, attachment.inputs["subnetIds"]) == ["network-edge-a.id", "network-edge-b.id"]


def test_through_a_transit_gateway_edge_subnets_have_a_route_to_each_network_of_every_center():
    made = through_transit()
    routes = [each for each in made.of_type(ec2.Route) if each.inputs.get("transitGatewayId") == TRANSIT]
    found = {
        (references_of(made, each.inputs["routeTableId"])[0], each.inputs["destinationCidrBlock"]) for each in routes
    }
    networks = {"172.20.0.0/16", "172.21.8.0/21"}  # north-clinic has no gateway: it connects through main-campus
    assert found == {("network-edge-routes.id", network) for network in networks}
    assert all("vpn-transit" in dependencies(made, each) for each in routes)


@pytest.mark.parametrize("number", [1, 2])
def test_a_tunnel_that_stays_down_raises_an_alarm(number: int, prod: Plan):
    inputs = prod.resource(cloudwatch.MetricAlarm, name=f"vpn-main-campus-tunnel{number}-alarm").inputs
    assert inputs["period"] * inputs["evaluationPeriods"] == 900
    assert (inputs["comparisonOperator"], inputs["threshold"]) == ("LessThanThreshold", 1)
    assert references_of(prod, inputs["dimensions"]["VpnId"]) == ["vpn-main-campus.id"]
    address = inputs["dimensions"]["TunnelIpAddress"]
    assert references_of(prod, address) == [f"vpn-main-campus.tunnel{number}Address"]


def test_both_tunnels_down_raise_another_alarm_at_once(prod: Plan):
    inputs = prod.resource(cloudwatch.MetricAlarm, name="vpn-main-campus-down-alarm").inputs
    either, *each = inputs["metricQueries"]
    assert inputs["evaluationPeriods"] == 1
    assert (either["expression"], either["returnData"]) == ("MAX([tunnel1, tunnel2])", True)
    assert [query["metric"]["metricName"] for query in each] == ["TunnelState", "TunnelState"]


def test_a_tunnel_of_which_nothing_is_known_counts_as_down(prod: Plan):
    assert {each.inputs["treatMissingData"] for each in alarms(prod)} == {"breaching"}
    assert {each.inputs["alarmDescription"].rpartition(" ")[2] for each in alarms(prod)} == {
        "docs/runbooks/vpn-tunnel-down.md"
    }


def endpoint(made: Plan) -> dict[str, Any]:
    return dict(made.resource(ec2clientvpn.Endpoint).inputs)


def authorized_groups(made: Plan) -> set[tuple[str, str]]:
    rules = made.of_type(ec2clientvpn.AuthorizationRule)
    assert all(not rule.inputs.get("authorizeAllGroups") for rule in rules)
    return {(rule.inputs["accessGroupId"], rule.inputs["targetNetworkCidr"]) for rule in rules}


def test_people_of_the_named_groups_reach_the_edge_subnets_and_nothing_else(prod: Plan):
    edge = {each.inputs["cidrBlock"] for each in prod.of_type(ec2.Subnet) if each.name.startswith("network-edge-")}
    groups = {f"9067642ac1-5d2e7a10-7c64-4c1e-9d3f-2b1f60a5e00{number}" for number in (1, 2)}
    assert authorized_groups(prod) == {(group, block) for group in groups for block in edge}


def test_a_group_that_the_settings_do_not_name_is_not_let_in():
    made = plan("prod", overrides={"client_vpn": {"groups": ["operators"]}})
    assert {group for group, _ in authorized_groups(made)} == {"9067642ac1-5d2e7a10-7c64-4c1e-9d3f-2b1f60a5e002"}


def test_sessions_reach_only_the_listeners_of_the_load_balancers(prod: Plan):
    def rules(kind: type[pulumi.Resource]) -> set[tuple[str, int]]:
        return {
            (references_of(prod, rule.inputs.get("referencedSecurityGroupId"))[0], rule.inputs["toPort"])
            for rule in prod.of_type(kind)
            if references_of(prod, rule.inputs["securityGroupId"]) == ["client-vpn-sessions.id"]
        }

    assert rules(vpc.SecurityGroupEgressRule) == {("edge-alb.id", 443), ("edge-nlb.id", 104)}
    assert rules(vpc.SecurityGroupIngressRule) == set()


def test_a_session_ends_and_is_not_resumed_without_signing_in(prod: Plan):
    assert endpoint(prod)["sessionTimeoutHours"] == 8
    assert endpoint(prod)["disconnectOnSessionTimeout"] is True


def test_whatever_else_a_laptop_does_stays_outside_the_tunnel(prod: Plan):
    assert endpoint(prod)["splitTunnel"] is True
    association = prod.resource(ec2clientvpn.NetworkAssociation)
    assert references_of(prod, association.inputs["subnetId"]) == ["network-edge-a.id"]


def test_people_sign_in_through_the_directory_and_see_the_banner_first(prod: Plan):
    assert references_of(prod, endpoint(prod)["authenticationOptions"]) == ["client-vpn-sign-in.arn"]
    assert prod.resource(iam.SamlProvider).inputs["samlMetadataDocument"].lstrip().startswith("<")
    banner = endpoint(prod)["clientLoginBannerOptions"]
    assert banner["enabled"] is True
    assert banner["bannerText"].startswith("Octank research image store.")


def test_every_connection_of_a_person_is_logged(prod: Plan):
    assert endpoint(prod)["connectionLogOptions"] == {
        "enabled": True,
        "cloudwatchLogGroup": "/octank-prod/client-vpn",
    }


def test_without_a_client_vpn_in_the_settings_there_is_none(plans: Plans):
    assert plans("dev").of_type(ec2clientvpn.Endpoint) == []
