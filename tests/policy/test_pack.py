"""The pack as the engine loads it: one policy per rule with its citation, and resources as declared."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import proxy as engine

from hipaa import pack, types
from hipaa.cache import DecoderCache
from hipaa.model import UNKNOWN
from hipaa.rule import REGISTERED

OPTIONS = PolicyResourceOptions(
    protect=True,
    ignore_changes=[],
    delete_before_replace=None,
    aliases=[],
    custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
    additional_secret_outputs=[],
    parent="urn:parent",
)


@pytest.fixture(autouse=True)
def use_no_waivers(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv(pack.WAIVERS_VARIABLE, str(tmp_path / "none.yaml"))


def policies() -> dict[str, Policy]:
    return {policy.name: policy for policy in pack.policies()}


def urn(token: str, name: str, stack: str = "prod") -> str:
    return f"urn:pulumi:{stack}::project::{token}::{name}"


def run_policy(
    policy: Policy, token: str, properties: dict[str, Any], stack: str = "prod"
) -> list[tuple[str, str | None]]:
    """The reports of a resource policy on a resource."""
    assert isinstance(policy, ResourceValidationPolicy)
    props = engine.unknown_checking_proxy(properties)
    reported: list[tuple[str, str | None]] = []
    args = ResourceValidationArgs(token, props, urn(token, "it", stack), "it", OPTIONS, None, None)
    policy.validate(args, lambda message, where=None: reported.append((message, where)))
    return reported


def test_every_rule_becomes_a_policy_with_its_scope_and_level():
    known = policies()
    for rule in REGISTERED.values():
        policy = known[rule.metadata.id]
        kind = StackValidationPolicy if rule.metadata.scope == "stack" else ResourceValidationPolicy
        assert isinstance(policy, kind)
        assert policy.enforcement_level is EnforcementLevel[rule.metadata.severity.upper()]
        assert policy.remediation_steps == rule.metadata.remedy
        assert policy.framework is not None
        for citation in rule.metadata.citations:
            assert f"45 CFR {citation}" in str(policy.framework.specification)


def test_the_waivers_are_checked_last():
    assert pack.policies()[-1].name == "waivers-in-order"


def test_a_violation_reports_rule_citation_remedy_and_resource():
    [(message, where)] = run_policy(policies()["subnet-no-auto-public-ip"], types.SUBNET, {"mapPublicIpOnLaunch": True})
    assert message.startswith("NET-06: mapPublicIpOnLaunch: ")
    assert "[45 CFR 164." in message
    assert REGISTERED["NET-06"].metadata.remedy in message
    assert where == urn(types.SUBNET, "it")


def test_other_types_are_skipped():
    assert run_policy(policies()["subnet-no-auto-public-ip"], types.VPC, {"mapPublicIpOnLaunch": True}) == []


def test_a_deprecated_type_is_checked():
    assert run_policy(policies()["alb-drop-invalid-headers"], "aws:alb/loadBalancer:LoadBalancer", {}) != []


def test_a_production_rule_skips_other_stacks(monkeypatch: pytest.MonkeyPatch):
    name = "rds-deletion-protection"
    assert run_policy(policies()[name], types.RDS_CLUSTER, {}) != []
    assert run_policy(policies()[name], types.RDS_CLUSTER, {}, stack="dev") == []
    monkeypatch.setenv(pack.PRODUCTION_VARIABLE, "live,dev")
    assert run_policy(policies()[name], types.RDS_CLUSTER, {}, stack="dev") != []


def test_an_unknown_value_is_converted_at_any_depth():
    unknown = engine.UNKNOWN_STRING_VALUE
    proxied = engine.unknown_checking_proxy({"a": unknown, "b": [{"c": unknown}, 1], "d": {"e": "known"}})
    assert pack.to_plain(proxied) == {"a": UNKNOWN, "b": [{"c": UNKNOWN}, 1], "d": {"e": "known"}}


def test_a_stack_keeps_dependencies_and_options():
    vpc = PolicyResource(types.VPC, {}, urn(types.VPC, "vpc"), "vpc", OPTIONS, None, None, [], {})
    log = PolicyResource(
        types.FLOW_LOG,
        {"trafficType": "ALL"},
        urn(types.FLOW_LOG, "log"),
        "log",
        OPTIONS,
        None,
        vpc,
        [vpc],
        {"vpcId": [vpc]},
    )
    seen = pack.stack(StackValidationArgs([vpc, log]))
    found = {one.name: one for one in seen.resources}
    assert found["log"].dependencies == {"vpcId": (vpc.urn,)}
    assert found["log"].parent == vpc.urn
    assert found["vpc"].protect
    assert pack.stack(StackValidationArgs([vpc, log])) is seen
    assert pack.stack(StackValidationArgs([vpc])) is not seen


def test_a_decoder_runs_once_per_message_and_options():
    calls: list[tuple[Any, ...]] = []

    def decode(*arguments: Any) -> list[Any]:
        calls.append(arguments)
        return [*arguments]

    cache, message, other = DecoderCache(decode), {"a": 1}, {"a": 1}
    assert cache(message) is cache(message)
    assert cache(message, "otherwise") == [message, "otherwise"]
    assert cache(other) is not cache(message)
    assert len(calls) == 3
