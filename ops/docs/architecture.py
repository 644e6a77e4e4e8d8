"""`docs/architecture.md`: prose written by hand, and facts, tables and diagrams read from the plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ops.docs import packages
from ops.docs.diagram import mermaid
from ops.docs.document import documented_stacks, render
from ops.docs.plan_query import PlanQuery
from ops.plan import PROJECT, Plan, plan

TEMPLATE = Path(__file__).parent / "architecture.md.j2"
DOCUMENT = PROJECT / "docs" / "architecture.md"


class Component(NamedTuple):
    """A component with its number of resources in each stack, None where a stack lacks it; `parts` are of the first."""

    name: str
    type: str
    totals: tuple[int | None, ...]
    parts: Counter[str]


def document(plans: Mapping[str, Plan], template: Path = TEMPLATE) -> str:
    """The document about `plans`, by stack. Raises PlanError for a fact that a plan does not have.

    In the template, `prod` is the first stack, `dev` the last, and `stacks` all of them.
    """
    queries = [PlanQuery(plan) for plan in plans.values()]
    values = {
        "stacks": queries,
        "prod": queries[0],
        "dev": queries[-1],
        "components": _components(queries),
        "packages": packages.drawing(PROJECT),
        "drawings": {stack: mermaid(plan) for stack, plan in plans.items()},
    }
    return render(template, values)


def current() -> str:
    """The document for the present program and stack files."""
    return document({stack: plan(stack) for stack in documented_stacks()})


def _components(queries: Sequence[PlanQuery]) -> list[Component]:
    counts = [query.counts() for query in queries]
    components = []
    for name in dict.fromkeys(name for by_name in counts for name in by_name):
        present = [by_name.get(name) for by_name in counts]
        kind, parts = next(entry for entry in present if entry)
        totals = tuple(entry[1].total() if entry else None for entry in present)
        components.append(Component(name, kind, totals, parts))
    return components
