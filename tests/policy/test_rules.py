"""Every rule in five situations: kept, broken, absent, unknown, not applicable."""

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


def rules() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("code", sorted(CASES))


def test_every_rule_that_a_preview_can_check_has_a_check_and_cases():
    checkable = {code for code, known in rule_metadata().items() if known.scope != "process"}
    assert set(REGISTERED) == checkable
    assert set(CASES) == checkable


@rules()
def test_a_rule_is_kept(code: str):
    for resources in CASES[code].passes:
        assert [one.message for one in evaluate_rule(code, resources) if one.is_violation] == []


@rules()
def test_a_rule_is_broken(code: str):
    for resources in CASES[code].fails:
        assert violates(code, resources), resources


@rules()
def test_what_is_absent_is_decided(code: str):
    assert violates(code, CASES[code].absent) is CASES[code].absent_fails


@rules()
def test_what_is_unknown_is_decided_as_the_rule_says(code: str):
    assert violates(code, CASES[code].unknown) is (rule_metadata()[code].unknown == "fails")
    if rule_metadata()[code].unknown == "fails":
        assert rule_metadata()[code].why


@rules()
def test_other_resources_are_none_of_the_rules_business(code: str):
    assert evaluate_rule(code, CASES[code].other) == []


@rules()
def test_a_broken_rule_says_where_why_and_what_to_do(code: str):
    for resources in CASES[code].fails:
        found = next(one for one in evaluate_rule(code, resources) if one.is_violation)
        assert found.message.startswith(f"{code}: ")
        assert found.metadata.remedy in found.message
        assert "TODO" not in found.message
        assert len(found.metadata.remedy) > 20
        assert not found.metadata.citations or f"45 CFR {found.metadata.citations[0]}" in found.message
