"""Our own balancers and web ACL, broken once for each rule: the stack, the edit, and the rules that must notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hipaa.types import LOAD_BALANCER
from ops.plan import Plan
from tests.unit.contracts.edit import copied, edited, named, nested, with_inputs, without

ANOTHER = "arn:aws:elasticloadbalancing:us-east-1:444455556666:loadbalancer/app/another/50dc6c495c0c9188"
OLD_POLICY = "ELBSecurityPolicy-2016-08"

NOT_OURS: dict[str, str] = {}


def drop(name: str) -> Callable[[Plan], Plan]:
    """Leaves one resource out."""
    return lambda plan: without(plan, plan.resource(name=name))


def with_load_balancer(name: str, **inputs: Any) -> Callable[[Plan], Plan]:
    """Replaces inputs of a balancer, whose security group has the same name."""
    return lambda plan: with_inputs(plan, plan.resource(LOAD_BALANCER, name=name), **inputs)


def drop_rule(position: int) -> Callable[[Plan], Plan]:
    """Leaves one rule of the web ACL out."""

    def edit(plan: Plan) -> Plan:
        rules = plan.resource(name="waf-acl").inputs["rules"]
        return named("waf-acl", rules=[rule for place, rule in enumerate(rules) if place != position])(plan)

    return edit


def add_http_listener(plan: Plan) -> Plan:
    """A listener for HTTP beside ours, with the same answer."""
    return copied(plan, "edge-https", protocol="HTTP", port=80)


def move_web_acl(plan: Plan) -> Plan:
    """The web ACL before a balancer that is not ours."""
    association = plan.resource(name="waf-association")
    inputs = {**association.inputs, "resourceArn": ANOTHER}
    links = {**association.property_dependencies, "resourceArn": ()}
    return edited(plan, association, inputs=inputs, property_dependencies=links)


MUTATIONS: dict[str, tuple[str, Callable[[Plan], Plan], frozenset[str]]] = {
    "answers over HTTP": ("prod", add_http_listener, frozenset({"LB-01"})),
    "headers as they come": (
        "dev",
        with_load_balancer("edge-alb", dropInvalidHeaderFields=False),
        frozenset({"LB-02"}),
    ),
    "TLS without a certificate": ("prod", named("edge-https", certificateArn=None), frozenset({"LB-03"})),
    "access logs off": (
        "dev",
        with_load_balancer("edge-alb", accessLogs={"enabled": False, "bucket": "octank-dev-access-logs-111122223333"}),
        frozenset({"LB-04"}),
    ),
    "a DICOM balancer without access logs": (
        "prod",
        with_load_balancer("edge-nlb", accessLogs=None),
        frozenset({"LB-04"}),
    ),
    "a balancer that can be deleted": (
        "prod",
        with_load_balancer("edge-nlb", enableDeletionProtection=False),
        frozenset({"LB-05"}),
    ),
    "no firewall": ("prod", drop("waf-association"), frozenset({"LB-06"})),
    "a firewall before another balancer": ("prod", move_web_acl, frozenset({"LB-06"})),
    "the provider's TLS policy": ("prod", named("edge-https", sslPolicy=None), frozenset({"LB-07"})),
    "TLS 1.0": ("dev", named("edge-https", sslPolicy=OLD_POLICY), frozenset({"LB-07"})),
    "a firewall without logs": ("prod", drop("waf-logging"), frozenset({"WAF-01"})),
    "firewall logs nowhere": ("prod", named("waf-logging", logDestinationConfigs=[]), frozenset({"WAF-01"})),
    "no rules for bad inputs": ("prod", drop_rule(1), frozenset({"WAF-02"})),
    "images blocked for their size": (
        "prod",
        nested("waf-acl", "rules.0.statement.managedRuleGroupStatement.ruleActionOverrides", new=[]),
        frozenset({"WAF-02"}),
    ),
}
