"""What the mutations of all areas share: changes to this project's own plans that violate rules."""

from __future__ import annotations

from collections.abc import Callable

from ops.plan import Plan
from tests.unit.contracts.edit import without

Edit = Callable[[Plan], Plan]

Mutations = dict[str, tuple[str, Edit, frozenset[str]]]
"""By description: the stack, the edit of its plan, and the rules that it must violate."""


def drop(*names: str) -> Edit:
    """Removes resources."""
    return lambda plan: without(plan, *(plan.resource(name=name) for name in names))
