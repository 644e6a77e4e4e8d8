"""How a contract is seen to refuse: a way to break a stack's plan, and what the contract says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ops.plan import Plan

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
