"""Mutations of this project's own plans that violate the rules for load balancers and web ACLs."""

from __future__ import annotations

from typing import Any

from hipaa.types import LOAD_BALANCER
from ops.plan import Plan
from tests.policy.mutations import Edit, Mutations, drop
from tests.unit.contracts.edit import copy_resource, edit_named, edit_nested, edit_resource, with_inputs

ANOTHER = "arn:aws:elasticloadbalancing:us-east-1:444455556666:loadbalancer/app/another/50dc6c495c0c9188"
OLD_POLICY = "ELBSecurityPolicy-2016-08"

NOT_OURS: dict[str, str] = {}


def with_load_balancer(name: str, **inputs: Any) -> Edit:
    """Replaces inputs of a load balancer; its security group has the same name."""
    return lambda plan: with_inputs(plan, plan.resource(LOAD_BALANCER, name=name), **inputs)


def drop_rule(position: int) -> Edit:
    """Removes one rule of the web ACL."""

    def edit(plan: Plan) -> Plan:
        rules = plan.resource(name="waf-acl").inputs["rules"]
        return edit_named("waf-acl", rules=[rule for place, rule in enumerate(rules) if place != position])(plan)

    return edit


def add_http_listener(plan: Plan) -> Plan:
    """Adds an HTTP listener that answers like the HTTPS listener."""
    return copy_resource(plan, "edge-https", protocol="HTTP", port=80)


def move_web_acl(plan: Plan) -> Plan:
    """Associates the web ACL with another load balancer."""
    association = plan.resource(name="waf-association")
    inputs = {**association.inputs, "resourceArn": ANOTHER}
    links = {**association.property_dependencies, "resourceArn": ()}
    return edit_resource(plan, association, inputs=inputs, property_dependencies=links)


MUTATIONS: Mutations = {
    "an HTTP listener that forwards": ("prod", add_http_listener, frozenset({"LB-01"})),
    "invalid headers forwarded": (
        "dev",
        with_load_balancer("edge-alb", dropInvalidHeaderFields=False),
        frozenset({"LB-02"}),
    ),
    "TLS without a certificate": ("prod", edit_named("edge-https", certificateArn=None), frozenset({"LB-03"})),
    "access logs off": (
        "dev",
        with_load_balancer("edge-alb", accessLogs={"enabled": False, "bucket": "octank-dev-access-logs-111122223333"}),
        frozenset({"LB-04"}),
    ),
    "a DICOM load balancer without access logs": (
        "prod",
        with_load_balancer("edge-nlb", accessLogs=None),
        frozenset({"LB-04"}),
    ),
    "a load balancer without deletion protection": (
        "prod",
        with_load_balancer("edge-nlb", enableDeletionProtection=False),
        frozenset({"LB-05"}),
    ),
    "no web ACL": ("prod", drop("waf-association"), frozenset({"LB-06"})),
    "a web ACL on another load balancer": ("prod", move_web_acl, frozenset({"LB-06"})),
    "the provider's TLS policy": ("prod", edit_named("edge-https", sslPolicy=None), frozenset({"LB-07"})),
    "TLS 1.0": ("dev", edit_named("edge-https", sslPolicy=OLD_POLICY), frozenset({"LB-07"})),
    "a web ACL without logging": ("prod", drop("waf-logging"), frozenset({"WAF-01"})),
    "web ACL logging without a destination": (
        "prod",
        edit_named("waf-logging", logDestinationConfigs=[]),
        frozenset({"WAF-01"}),
    ),
    "no rule group for bad inputs": ("prod", drop_rule(1), frozenset({"WAF-02"})),
    "images blocked by the body size rule": (
        "prod",
        edit_nested("waf-acl", "rules.0.statement.managedRuleGroupStatement.ruleActionOverrides", new=[]),
        frozenset({"WAF-02"}),
    ),
}
