"""The pack on this project's own plans: they have no unwaived violations, and every mutation is found."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

import pytest

from hipaa.evaluate import evaluate
from hipaa.rule import REGISTERED, rule_metadata
from ops.plan import Plan
from ops.plan.configuration import stacks
from ops.review.policies import WAIVERS, stack_of, verdict
from tests import planned
from tests.conftest import Plans
from tests.stack_files import DEPLOYABLE, deployable_stacks
from tests.unit.phases import in_phase

AREAS = [importlib.import_module(f"tests.policy.{path.stem}") for path in Path(__file__).parent.glob("mutations_*.py")]
MUTATIONS = {name: mutation for area in AREAS for name, mutation in area.MUTATIONS.items()}
NOT_OURS = {code: reason for area in AREAS for code, reason in getattr(area, "NOT_OURS", {}).items()}


def violations(plan: Plan) -> set[tuple[str, str]]:
    found = evaluate(REGISTERED.values(), stack_of(plan))
    return {(one.metadata.code, one.resource.name) for one in found if one.is_violation}


@functools.cache
def violations_before(stack: str) -> set[tuple[str, str]]:
    return violations(planned.plan(stack))


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
@pytest.mark.parametrize("stack", stacks())
def test_no_rule_is_violated_without_a_waiver(stack: str, preview: bool, plans: Plans):  # noqa: FBT001  a case
    found = verdict(plans(stack, preview=preview))
    assert found.violations == ()
    assert found.advice == ()


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_mutation_violates_exactly_the_expected_rules(name: str, plans: Plans):
    stack, edit, expected = MUTATIONS[name]
    before, after = violations_before(stack), violations(edit(plans(stack)))
    assert {code for code, _ in after - before} == expected


def test_every_rule_has_a_mutation_or_a_reason_for_none():
    checkable = {code for code, known in rule_metadata().items() if known.scope != "process"}
    seen = {code for _, _, codes in MUTATIONS.values() for code in codes}
    assert checkable - seen == set(NOT_OURS)
    assert all(NOT_OURS.values())


def test_mutation_names_are_unique_across_areas():
    assert len(MUTATIONS) == sum(len(area.MUTATIONS) for area in AREAS)


@pytest.mark.parametrize("phase", ["closing", "archived"])
@pytest.mark.parametrize("stack", stacks())
def test_closing_a_study_needs_only_the_closing_waivers_in_addition(stack: str, phase: str):
    found = verdict(in_phase(stack, phase), WAIVERS, WAIVERS.with_name("waivers-closing.yaml"))
    assert found.violations == ()


@pytest.mark.parametrize("stack", deployable_stacks())
def test_no_deployable_stack_violates_a_rule_without_a_waiver(stack: str, deployable: Plans):
    for preview in (False, True):
        found = verdict(deployable(stack, preview=preview))
        assert (found.violations, found.advice) == ((), ()), f"preview: {preview}"
    for phase in ("closing", "archived"):
        closing = in_phase(stack, phase, DEPLOYABLE)
        assert verdict(closing, WAIVERS, WAIVERS.with_name("waivers-closing.yaml")).violations == (), phase
