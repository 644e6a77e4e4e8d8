"""`docs/architecture.md`: prose written by hand, and facts, tables and diagrams read from the plans."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ops.docs.diagram import mermaid
from ops.docs.document import render
from ops.docs.facts import Facts
from ops.plan import plan
from ops.plan.configuration import PROJECT
from ops.plan.resources import Plan

TEMPLATE = Path(__file__).parent / "architecture.md.j2"
DOCUMENT = PROJECT / "docs" / "architecture.md"
STACKS = ("prod", "dev")


def document(plans: Mapping[str, Plan], template: Path = TEMPLATE) -> str:
    """The document about `plans`, by stack. Raises PlanError for a fact that a plan does not have."""
    facts = {stack: Facts(plan) for stack, plan in plans.items()}
    drawings = {stack: mermaid(plan) for stack, plan in plans.items()}
    return render(template, {**facts, "drawings": drawings})


def current() -> str:
    """The document as the program is now."""
    return document({stack: plan(stack) for stack in STACKS})
