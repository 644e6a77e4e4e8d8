"""The project's own stack files load and keep every contract, whatever account, study, network and centers they name."""

from __future__ import annotations

import pytest

from ops.plan.configuration import configuration, stacks
from settings import Settings
from tests.conftest import Plans
from tests.stack_files import DEPLOYABLE, deployable_stacks
from tests.unit import (
    test_contract_access,
    test_contract_encryption,
    test_contract_operations,
    test_contract_plan,
    test_contract_routes,
    test_contract_state,
    test_contract_transport,
)
from tests.unit.contracts import structure
from tests.unit.contracts.mutation import Contract
from tests.unit.phases import in_phase

ACTIVE: tuple[Contract, ...] = (
    *test_contract_access.CONTRACTS,
    *test_contract_encryption.CONTRACTS,
    *test_contract_operations.CONTRACTS,
    *test_contract_plan.CONTRACTS,
    *test_contract_routes.CONTRACTS,
    *test_contract_state.ACTIVE,
    *test_contract_transport.CONTRACTS,
)
ENDING: dict[str, tuple[Contract, ...]] = {
    "closing": (*test_contract_access.CONTRACTS, *test_contract_state.CLOSING),
    "archived": test_contract_state.ARCHIVED,
}
OWN = pytest.mark.parametrize("stack", deployable_stacks())


def test_there_is_a_stack():
    assert stacks(DEPLOYABLE) != []


@pytest.mark.parametrize("stack", stacks(DEPLOYABLE))
def test_settings_load(stack: str):
    start = f"{Settings.NAMESPACE}:"
    found = configuration(stack, folder=DEPLOYABLE).items()
    Settings.parse({key.removeprefix(start): value for key, value in found if key.startswith(start)}, stack=stack)


@OWN
@pytest.mark.parametrize(
    "contract", ACTIVE, ids=lambda contract: f"{contract.__module__.rpartition('.')[2]}-{contract.__name__}"
)
def test_an_active_study_keeps(contract: Contract, stack: str):
    assert contract(in_phase(stack, "active", DEPLOYABLE)) == []


@OWN
@pytest.mark.parametrize("phase", ENDING)
def test_a_study_that_ends_keeps(phase: str, stack: str):
    plan = in_phase(stack, phase, DEPLOYABLE)
    assert [problem for contract in ENDING[phase] for problem in contract(plan)] == []


@OWN
def test_only_listed_permissions_are_broad(stack: str):
    plan = in_phase(stack, "closing", DEPLOYABLE)
    for found, known in test_contract_access.EXCEPTIONS.items():
        assert {statement.place for statement in found(plan)} <= set(known)


@OWN
def test_a_preview_registers_what_an_update_does(stack: str, deployable: Plans):
    assert structure.same_resources(deployable(stack), deployable(stack, preview=True)) == []
