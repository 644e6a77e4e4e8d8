"""How a contract is seen to refuse: a way to break a stack's plan, and what the contract says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from ops.plan import Plan
from tests.conftest import Plans

Contract = Callable[[Plan], list[str]]


class Mutation(NamedTuple):
    """`broken` makes from the plan of `stack` one of which `contract` says `says`."""

    contract: Contract
    broken: Callable[[Plan], Plan]
    says: str
    stack: str = "dev"

    def violations(self, plan: Plan) -> list[str]:
        """What the contract finds in the broken plan; the plan itself has to be a good one."""
        assert self.contract(plan) == []
        return self.contract(self.broken(plan))


class MutationTests:
    """Tests that each of `mutations`, which a subclass sets, is noticed."""

    mutations: ClassVar[Mapping[str, Mutation]]

    def test_a_broken_plan_is_refused(self, mutation: Mutation, plans: Plans):
        violations = mutation.violations(plans(mutation.stack))
        assert any(mutation.says in violation for violation in violations), violations


class ContractTests(MutationTests):
    """The same, and that each of `contracts`, which a subclass sets, has a mutation."""

    contracts: ClassVar[tuple[Contract, ...]]

    def test_every_contract_has_been_seen_to_refuse(self):
        assert {mutation.contract for mutation in self.mutations.values()} == set(self.contracts)
