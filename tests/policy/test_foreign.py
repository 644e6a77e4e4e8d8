"""The pack on programs that are not this project's: one that breaks every rule, and one that keeps them all."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from hipaa.evaluate import Result, everything
from hipaa.rule import REGISTERED
from ops.plan import record
from ops.policies import stack_of
from tests.policy.foreign import naive
from tests.policy.foreign.expected import EXPECTED, NOT_BROKEN

CITED_BY_NOBODY = {"NET-12", "OWN-07", "S3-10"}

either_way = pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])


@cache
def found(program: Callable[[], None], stack: str, *, preview: bool) -> tuple[Result, ...]:
    plan = record(program, project="foreign", name=stack, preview=preview)
    assert plan.warnings == ()
    return tuple(everything(REGISTERED.values(), stack_of(plan)))


def broken(program: Callable[[], None], stack: str, *, preview: bool) -> dict[str, set[str]]:
    pairs: dict[str, set[str]] = {}
    for one in found(program, stack, preview=preview):
        if one.broken:
            pairs.setdefault(one.facts.code, set()).add(one.resource.name)
    return pairs


@either_way
def test_every_fault_of_a_naive_program_is_found_and_nothing_else(preview: bool):  # noqa: FBT001  a case
    assert broken(naive.program, "prod", preview=preview) == EXPECTED


def test_it_breaks_every_rule_that_a_preview_can_check():
    assert set(REGISTERED) - set(EXPECTED) == set(NOT_BROKEN)
    assert all(NOT_BROKEN.values())


def test_a_stack_that_is_not_of_production_breaks_the_same_but_for_the_rules_of_production():
    elsewhere = broken(naive.program, "sandbox", preview=True)
    production = {code for code, rule in REGISTERED.items() if rule.facts.production}
    assert production
    assert elsewhere == {code: names for code, names in EXPECTED.items() if code not in production}


def test_each_message_says_the_rule_the_citation_and_the_remedy():
    for one in found(naive.program, "prod", preview=True):
        assert one.message.startswith(f"{one.facts.code}: ")
        assert one.message.endswith(f" Remedy: {one.facts.remedy}")
        assert one.facts.remedy not in ("", "TODO")
        cited = all(citation in one.message for citation in one.facts.citations) and "[45 CFR 164." in one.message
        assert cited != (one.facts.code in CITED_BY_NOBODY)
