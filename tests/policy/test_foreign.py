"""The pack on two programs that are not this project's: a naive one with violations of every rule, and a clean one."""

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
from ops.review.policies import stack_of
from tests.policy.foreign import clean, naive
from tests.policy.foreign.expected import EXPECTED, NOT_VIOLATED

NOT_IN_CLEAN_PROGRAM = {"FH-01", "IAM-05", "OWN-01", "OWN-02", "OWN-03", "RDS-10"}
"""Rules about resources that the clean program does not have: IAM users, VPNs, Kinesis streams, manual snapshots."""

WITHOUT_CITATION = {"NET-12", "OWN-07", "S3-10"}

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
def test_the_naive_program_has_exactly_the_expected_violations(preview: bool):  # noqa: FBT001  a case
    assert violations(naive.program, "prod", preview=preview) == EXPECTED


def test_the_naive_program_violates_every_checkable_rule():
    assert set(REGISTERED) - set(EXPECTED) == set(NOT_VIOLATED)
    assert all(NOT_VIOLATED.values())


def test_only_production_rules_are_skipped_in_other_stacks():
    sandbox = violations(naive.program, "sandbox", preview=True)
    production = {code for code, rule in REGISTERED.items() if rule.metadata.production}
    assert production
    assert sandbox == {code: names for code, names in EXPECTED.items() if code not in production}


def test_each_message_has_code_citation_and_remedy():
    for one in results(naive.program, "prod", preview=True):
        assert one.message.startswith(f"{one.metadata.code}: ")
        assert one.message.endswith(f" Remedy: {one.metadata.remedy}")
        assert one.metadata.remedy not in ("", "TODO")
        cited = all(citation in one.message for citation in one.metadata.citations) and "[45 CFR 164." in one.message
        assert cited != (one.metadata.code in WITHOUT_CITATION)


@both_ways
def test_the_clean_program_has_no_violations(preview: bool):  # noqa: FBT001  a case
    assert [one.message for one in results(clean.program, "production", preview=preview) if one.is_violation] == []


def test_the_clean_program_has_resources_for_nearly_every_rule():
    stack = stack_of(record(clean.program, project="foreign", name="production"))
    assert {code for code, rule in REGISTERED.items() if not stack.of(rule.types)} == NOT_IN_CLEAN_PROGRAM


PUBLIC_POLICY = '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}}'
SPELLINGS: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    "a load balancer of the deprecated type": (
        types.LOAD_BALANCER,
        "front",
        {"dropInvalidHeaderFields": None},
        {"LB-02"},
    ),
    "a listener of the deprecated type": (
        types.LISTENER,
        "https",
        {"sslPolicy": "ELBSecurityPolicy-2016-08"},
        {"LB-07"},
    ),
    "a listener without a protocol": (types.LISTENER, "http", {"defaultActions": [{"type": "forward"}]}, {"LB-01"}),
    "inline versioning": (types.BUCKET, "dicom-scans", {"versioning": {"enabled": False}}, {"S3-04"}),
    "an inline bucket policy": (types.BUCKET, "dicom-scans", {"policy": None}, {"S3-06"}),
    "inline replication": (types.BUCKET, "dicom-scans", {"replicationConfiguration": None}, {"S3-08"}),
    "inline access logging": (types.BUCKET, "dicom-scans", {"logging": None}, {"S3-07"}),
    "inline Object Lock": (types.BUCKET, "trail", {"objectLockConfiguration": None}, {"S3-09"}),
    "a principal for all accounts": (types.KEY, "clinic-key", {"policy": PUBLIC_POLICY}, {"KMS-03"}),
    "a rule of the deprecated type": (
        types.SECURITY_GROUP_RULE,
        "inside-ingress",
        {"cidrBlocks": ["::/0"], "fromPort": 0},
        {"NET-03", "NET-04", "NET-05"},
    ),
    "rules as JSON": (types.WEB_ACL, "front", {"ruleJson": "[]"}, {"WAF-02"}),
    "basic selectors": (types.TRAIL, "everything", {"eventSelectors": [{"readWriteType": "WriteOnly"}]}, {"CT-05"}),
    "tags of the resource": (types.FILE_SYSTEM, "letters", {"tags": {"project": "portal"}}, {"EFS-02", "OWN-07"}),
    "a database of another engine": (types.CLUSTER_PARAMETER_GROUP, "records", {"parameters": []}, {"RDS-12"}),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_a_violation_in_another_spelling_is_found(case: str):
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
