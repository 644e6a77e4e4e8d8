"""The pack on programs that are not this project's: one that breaks every rule, and one that keeps them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from hipaa import types
from hipaa.evaluate import Result, evaluate
from hipaa.model import Stack
from hipaa.rule import REGISTERED
from ops.plan import record
from ops.policies import stack_of
from tests.policy.foreign import clean, naive
from tests.policy.foreign.expected import EXPECTED, NOT_BROKEN

NOT_IN_IT = {"FH-01", "IAM-05", "OWN-01", "OWN-02", "OWN-03", "RDS-10"}
"""Rules about what the clean program does not use: streams, people in IAM, VPNs, snapshots made by hand."""

CITED_BY_NOBODY = {"NET-12", "OWN-07", "S3-10"}

both_ways = pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])


@cache
def results(program: Callable[[], None], stack: str, *, preview: bool) -> tuple[Result, ...]:
    plan = record(program, project="foreign", name=stack, preview=preview)
    assert plan.warnings == ()
    return tuple(evaluate(REGISTERED.values(), stack_of(plan)))


def violations(program: Callable[[], None], stack: str, *, preview: bool) -> dict[str, set[str]]:
    pairs: dict[str, set[str]] = {}
    for one in results(program, stack, preview=preview):
        if one.is_violation:
            pairs.setdefault(one.metadata.code, set()).add(one.resource.name)
    return pairs


@both_ways
def test_every_fault_of_a_naive_program_is_found_and_nothing_else(preview: bool):  # noqa: FBT001  a case
    assert violations(naive.program, "prod", preview=preview) == EXPECTED


def test_it_breaks_every_rule_that_a_preview_can_check():
    assert set(REGISTERED) - set(EXPECTED) == set(NOT_BROKEN)
    assert all(NOT_BROKEN.values())


def test_a_stack_that_is_not_of_production_breaks_the_same_but_for_the_rules_of_production():
    sandbox = violations(naive.program, "sandbox", preview=True)
    production = {code for code, rule in REGISTERED.items() if rule.metadata.production}
    assert production
    assert sandbox == {code: names for code, names in EXPECTED.items() if code not in production}


def test_each_message_says_the_rule_the_citation_and_the_remedy():
    for one in results(naive.program, "prod", preview=True):
        assert one.message.startswith(f"{one.metadata.code}: ")
        assert one.message.endswith(f" Remedy: {one.metadata.remedy}")
        assert one.metadata.remedy not in ("", "TODO")
        cited = all(citation in one.message for citation in one.metadata.citations) and "[45 CFR 164." in one.message
        assert cited != (one.metadata.code in CITED_BY_NOBODY)


@both_ways
def test_a_clean_program_breaks_nothing_and_needs_no_waiver(preview: bool):  # noqa: FBT001  a case
    assert [one.message for one in results(clean.program, "production", preview=preview) if one.is_violation] == []


def test_the_clean_program_has_something_for_nearly_every_rule():
    stack = stack_of(record(clean.program, project="foreign", name="production"))
    assert {code for code, rule in REGISTERED.items() if not stack.of(rule.types)} == NOT_IN_IT


OPEN = '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}}'
SPELLINGS: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    "a balancer by its older type": (types.LOAD_BALANCER, "front", {"dropInvalidHeaderFields": None}, {"LB-02"}),
    "a listener by its older type": (types.LISTENER, "https", {"sslPolicy": "ELBSecurityPolicy-2016-08"}, {"LB-07"}),
    "a listener that names no protocol": (types.LISTENER, "http", {"defaultActions": [{"type": "forward"}]}, {"LB-01"}),
    "versions inside a bucket": (types.BUCKET, "dicom-scans", {"versioning": {"enabled": False}}, {"S3-04"}),
    "a policy inside a bucket": (types.BUCKET, "dicom-scans", {"policy": None}, {"S3-06"}),
    "copies said inside a bucket": (types.BUCKET, "dicom-scans", {"replicationConfiguration": None}, {"S3-08"}),
    "logs said inside a bucket": (types.BUCKET, "dicom-scans", {"logging": None}, {"S3-07"}),
    "a lock inside a bucket": (types.BUCKET, "trail", {"objectLockConfiguration": None}, {"S3-09"}),
    "a principal of all accounts": (types.KEY, "clinic-key", {"policy": OPEN}, {"KMS-03"}),
    "an old rule of a group": (
        types.SECURITY_GROUP_RULE,
        "inside-ingress",
        {"cidrBlocks": ["::/0"], "fromPort": 0},
        {"NET-03", "NET-04", "NET-05"},
    ),
    "rules as JSON": (types.WEB_ACL, "front", {"ruleJson": "[]"}, {"WAF-02"}),
    "basic selectors": (types.TRAIL, "everything", {"eventSelectors": [{"readWriteType": "WriteOnly"}]}, {"CT-05"}),
    "tags of a resource": (types.FILE_SYSTEM, "letters", {"tags": {"project": "portal"}}, {"EFS-02", "OWN-07"}),
    "a database of another engine": (types.CLUSTER_PARAMETER_GROUP, "records", {"parameters": []}, {"RDS-12"}),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_a_fault_in_the_clean_program_is_found_in_its_spelling(case: str):
    kind, name, changes, codes = SPELLINGS[case]
    stack = stack_of(record(clean.program, project="foreign", name="production"))
    (changed,) = (one for one in stack.of([kind]) if one.name == name)
    links = {key: urns for key, urns in changed.dependencies.items() if key not in changes}
    faulty = replace(changed, properties={**changed.properties, **changes}, dependencies=links)
    resources = tuple(faulty if one is changed else one for one in stack.resources)
    results = evaluate(REGISTERED.values(), Stack(resources=resources))
    assert {(one.metadata.code, one.resource.name) for one in results if one.is_violation} == {
        (code, name) for code in codes
    }
