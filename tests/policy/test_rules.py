"""Every rule in five situations: passed, failed, absent, unknown, not applicable."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from hipaa.rule import REGISTERED, rule_metadata
from tests.policy.cases import Cases, evaluate_rule, violates

AREAS = sorted(path.stem for path in Path(__file__).parent.glob("cases_*.py"))
CASES: dict[str, Cases] = {
    code: cases for area in AREAS for code, cases in importlib.import_module(f"tests.policy.{area}").CASES.items()
}


def for_every_rule() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("code", sorted(CASES))


def test_every_rule_that_a_preview_can_check_has_a_check_and_cases():
    checkable = {code for code, known in rule_metadata().items() if known.scope != "process"}
    assert set(REGISTERED) == checkable
    assert set(CASES) == checkable


@for_every_rule()
def test_a_compliant_stack_passes(code: str):
    for resources in CASES[code].passes:
        assert [one.message for one in evaluate_rule(code, resources) if one.is_violation] == []


@for_every_rule()
def test_a_noncompliant_stack_fails(code: str):
    for resources in CASES[code].fails:
        assert violates(code, resources), resources


@for_every_rule()
def test_an_absent_property_is_decided(code: str):
    assert violates(code, CASES[code].absent) is CASES[code].absent_fails


@for_every_rule()
def test_an_unknown_value_is_decided_by_the_metadata(code: str):
    assert violates(code, CASES[code].unknown) is (rule_metadata()[code].unknown == "fails")
    if rule_metadata()[code].unknown == "fails":
        assert rule_metadata()[code].why


@for_every_rule()
def test_other_resources_are_skipped(code: str):
    assert evaluate_rule(code, CASES[code].other) == []


@for_every_rule()
def test_a_violation_has_code_citation_and_remedy(code: str):
    for resources in CASES[code].fails:
        found = next(one for one in evaluate_rule(code, resources) if one.is_violation)
        assert found.message.startswith(f"{code}: ")
        assert found.metadata.remedy in found.message
        assert "TODO" not in found.message
        assert len(found.metadata.remedy) > 20
        assert not found.metadata.citations or f"45 CFR {found.metadata.citations[0]}" in found.message
