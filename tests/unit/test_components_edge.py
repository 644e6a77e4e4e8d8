"""The way in and the firewall before it, as they are registered."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from pulumi_aws import acm, lb, route53, vpc, wafv2

from components.edge import waf
from ops.plan import Plan
from ops.plan.configuration import stacks
from settings import Access, Center, Exposure
from tests.conftest import Plans
from tests.unit.reading import dependencies, references_of


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@pytest.fixture
def dev(plans: Plans) -> Plan:
    return plans("dev")


def admitted_networks(plan: Plan, group: str) -> set[tuple[str, int]]:
    """Addresses and ports that the group lets in."""
    return {
        (rule.inputs["cidrIpv4"], rule.inputs["toPort"])
        for rule in plan.of_type(vpc.SecurityGroupIngressRule)
        if references_of(plan, rule.inputs["securityGroupId"]) == [f"{group}.id"] and "cidrIpv4" in rule.inputs
    }


def test_the_dicom_listener_exists_only_behind_a_vpn(dev: Plan, prod: Plan):
    assert [listener.inputs["port"] for listener in dev.of_type(lb.Listener)] == [443]
    assert sorted(listener.inputs["port"] for listener in prod.of_type(lb.Listener)) == [104, 443]


def test_load_balancers_are_internal_behind_a_vpn_and_only_there(dev: Plan, prod: Plan):
    assert {load_balancer.inputs["internal"] for load_balancer in prod.of_type(lb.LoadBalancer)} == {True}
    assert {load_balancer.inputs["internal"] for load_balancer in dev.of_type(lb.LoadBalancer)} == {False}


def test_a_public_store_admits_its_allow_list_alone(dev: Plan):
    assert admitted_networks(dev, "edge-alb") == {("203.0.113.0/24", 443)}


@pytest.mark.parametrize(("group", "port"), [("edge-alb", 443), ("edge-nlb", 104)])
def test_a_store_behind_a_vpn_admits_the_networks_of_centers_alone(group: str, port: int, prod: Plan):
    networks = ("172.20.0.0/16", "172.21.8.0/21")
    assert admitted_networks(prod, group) == {(network, port) for network in networks}


def test_an_allow_list_does_not_count_behind_a_vpn():
    center = Center(name="lab", networks=(IPv4Network("172.16.0.0/24"),))
    hidden = Exposure(kind="vpn", allow=(IPv4Network("203.0.113.0/24"),))
    assert Access.of(hidden, [center], sign_in=True, viewer=False).clients == center.networks


def test_a_public_store_does_not_admit_the_networks_of_centers():
    allowed = IPv4Network("203.0.113.0/24")
    center = Center(name="lab", networks=(IPv4Network("172.16.0.0/24"),))
    public = Exposure(kind="public", allow=(allowed,))
    assert Access.of(public, [center], sign_in=True, viewer=False).clients == (allowed,)


def test_https_speaks_tls_12_or_newer(prod: Plan):
    listener = prod.resource(lb.Listener, name="edge-https").inputs
    assert (listener["protocol"], listener["sslPolicy"]) == ("HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06")


def test_what_is_not_dicomweb_is_answered_with_404(prod: Plan):
    (action,) = prod.resource(name="edge-https").inputs["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "404")


def test_only_dicomweb_and_the_viewer_are_forwarded(prod: Plan):
    rules = prod.of_type(lb.ListenerRule)
    assert len(rules) == 4
    for rule in rules:
        paths = ["/", "/ohif/*"] if rule.name == "edge-viewer" else ["/dicom-web/*", "/wado"]
        assert {"pathPattern": {"values": paths}} in rule.inputs["conditions"]
        assert references_of(prod, rule.inputs["actions"][-1]) == ["edge-web.arn"]


def test_where_people_sign_in_nothing_is_forwarded_before_the_load_balancer_knows_who_asks(prod: Plan):
    for rule in prod.of_type(lb.ListenerRule):
        gate, forward = rule.inputs["actions"]
        assert gate["type"] in {"authenticate-cognito", "jwt-validation"}
        assert forward["type"] == "forward"


def test_a_request_with_a_token_meets_its_rule_before_the_sign_in(prod: Plan):
    priorities = {rule.name: rule.inputs["priority"] for rule in prod.of_type(lb.ListenerRule)}
    assert priorities["edge-dicom-web"] > max(priorities["edge-token-store"], priorities["edge-token-read"])


def test_the_load_balancer_speaks_tls_to_nginx(prod: Plan):
    target = prod.resource(lb.TargetGroup, name="edge-web").inputs
    assert (target["protocol"], target["port"], target["healthCheck"]["protocol"]) == ("HTTPS", 8443, "HTTPS")


def test_dicom_is_passed_through_for_orthanc_to_end_the_tls(prod: Plan):
    listener = prod.resource(lb.Listener, name="edge-dicom-listener")
    assert listener.inputs["protocol"] == "TCP"
    assert prod.resource(name="edge-dicom").inputs["port"] == 11112


def test_the_dicom_port_is_never_probed(prod: Plan):
    assert prod.resource(name="edge-dicom").inputs["healthCheck"] == {"protocol": "TCP", "port": "8042"}


def test_the_listener_waits_until_its_certificate_is_issued(prod: Plan):
    listener = prod.resource(name="edge-https")
    assert "edge-certificate-issued" in listener.property_dependencies["certificateArn"][0]
    issued = prod.resource(acm.CertificateValidation, name="edge-certificate-issued")
    assert {"edge-certificate", "edge-certificate-proof"} <= dependencies(prod, issued)


def test_the_application_load_balancer_drops_invalid_headers(prod: Plan):
    inputs = prod.resource(lb.LoadBalancer, name="edge-alb").inputs
    assert (inputs["dropInvalidHeaderFields"], inputs["desyncMitigationMode"]) == (True, "strictest")


@pytest.mark.parametrize("load_balancer", ["alb", "nlb"])
def test_a_load_balancer_logs_every_request_below_its_own_prefix(load_balancer: str, prod: Plan):
    logs = prod.resource(lb.LoadBalancer, name=f"edge-{load_balancer}").inputs["accessLogs"]
    assert logs == {"bucket": "octank-prod-access-logs-444455556666", "enabled": True, "prefix": load_balancer}


@pytest.mark.parametrize("load_balancer", ["alb", "nlb"])
def test_a_load_balancer_waits_until_it_may_write_its_log(load_balancer: str, prod: Plan):
    assert "storage-access-logs-access" in dependencies(
        prod, prod.resource(lb.LoadBalancer, name=f"edge-{load_balancer}")
    )


@pytest.mark.parametrize("load_balancer", ["alb", "nlb"])
def test_a_load_balancer_stands_in_every_edge_subnet(load_balancer: str, prod: Plan):
    inputs = prod.resource(lb.LoadBalancer, name=f"edge-{load_balancer}").inputs
    assert references_of(prod, inputs["subnets"]) == ["network-edge-a.id", "network-edge-b.id"]


@pytest.mark.parametrize("stack", stacks())
def test_load_balancers_are_protected_while_the_study_is_active(stack: str, plans: Plans):
    assert {
        load_balancer.inputs["enableDeletionProtection"] for load_balancer in plans(stack).of_type(lb.LoadBalancer)
    } == {True}


def test_target_groups_have_a_generated_name_so_that_a_successor_fits_beside_them(prod: Plan):
    assert not any("name" in group.inputs for group in prod.of_type(lb.TargetGroup))


def test_clients_find_the_load_balancers_by_name(prod: Plan):
    found = {
        record.inputs["name"]: references_of(prod, record.inputs["aliases"][0]["name"])
        for record in prod.of_type(route53.Record)
        if "aliases" in record.inputs
    }
    assert found == {
        "images.octank.example": ["edge-alb.dnsName"],
        "dicom.images.octank.example": ["edge-nlb.dnsName"],
    }


def test_the_firewall_stands_before_the_application_load_balancer(prod: Plan):
    inputs = prod.resource(wafv2.WebAclAssociation).inputs
    assert references_of(prod, inputs) == ["edge-alb.arn", "waf-acl.arn"]


def test_a_store_without_a_firewall_has_none_of_its_resources(dev: Plan):
    assert not [resource for resource in dev.resources if "wafv2" in resource.type]


def test_one_client_cannot_flood_the_store(prod: Plan):
    (rule,) = (
        rule for rule in prod.resource(wafv2.WebAcl).inputs["rules"] if "rateBasedStatement" in rule["statement"]
    )
    assert rule["statement"]["rateBasedStatement"] == {"aggregateKeyType": "IP", "limit": 60_000}
    assert "block" in rule["action"]


def test_large_bodies_and_sessions_are_counted_and_not_blocked(prod: Plan):
    managed = {
        rule["name"]: rule["statement"]["managedRuleGroupStatement"]
        for rule in prod.resource(wafv2.WebAcl).inputs["rules"]
        if "managedRuleGroupStatement" in rule["statement"]
    }
    overrides = managed["AWSManagedRulesCommonRuleSet"]["ruleActionOverrides"]
    assert {override["name"] for override in overrides if "count" in override["actionToUse"]} == {
        "SizeRestrictions_BODY",
        "NoUserAgent_HEADER",
        "SizeRestrictions_Cookie_HEADER",
        *waf.BODY_RULES["AWSManagedRulesCommonRuleSet"],
    }


def test_a_body_that_looks_like_an_attack_is_blocked_everywhere_but_where_images_are_stored(prod: Plan):
    rules = {rule["name"]: rule for rule in prod.resource(wafv2.WebAcl).inputs["rules"]}
    labels: set[str] = set()
    for group, prefix in waf.LABELS.items():
        overrides = rules[group]["statement"]["managedRuleGroupStatement"]["ruleActionOverrides"]
        counted = {each["name"] for each in overrides} - {"SizeRestrictions_BODY"}
        labels |= {prefix + name.replace("_BODY", "_Body") for name in counted if name.endswith("_BODY")}
    rule = rules["bodies-outside-stow"]
    matched, elsewhere = rule["statement"]["andStatement"]["statements"]
    found = matched["orStatement"]["statements"]
    assert {each["labelMatchStatement"]["key"] for each in found} == labels
    assert len(labels) == 7
    path = elsewhere["notStatement"]["statement"]
    assert path["byteMatchStatement"]["searchString"] == "/dicom-web/studies"
    assert "block" in rule["action"]
    assert rule["priority"] > max(rules[group]["priority"] for group in waf.LABELS)


def test_rules_of_the_firewall_have_priorities_of_their_own(prod: Plan):
    priorities = [rule["priority"] for rule in prod.resource(wafv2.WebAcl).inputs["rules"]]
    assert len(set(priorities)) == len(priorities) == 4


def test_the_firewalls_log_carries_no_credential_and_no_query(prod: Plan):
    redacted = prod.resource(wafv2.WebAclLoggingConfiguration).inputs["redactedFields"]
    assert {"queryString": {}} in redacted
    headers = {field["singleHeader"]["name"] for field in redacted if "singleHeader" in field}
    assert headers == {"authorization", "cookie", "referer"}


def test_the_firewall_keeps_no_sampled_requests(prod: Plan):
    inputs = prod.resource(wafv2.WebAcl).inputs
    configs = [inputs["visibilityConfig"], *(rule["visibilityConfig"] for rule in inputs["rules"])]
    assert {config["sampledRequestsEnabled"] for config in configs} == {False}


def test_the_firewalls_log_has_the_prefix_that_waf_requires(prod: Plan):
    assert prod.resource(name="waf-logs").inputs["name"] == "aws-waf-logs-octank-prod"
