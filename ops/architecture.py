"""`docs/architecture.md`: prose written by hand, and facts, tables and diagrams read from the plans."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

import jinja2

from ops.configuration import PROJECT
from ops.diagram import mermaid
from ops.facts import Facts
from ops.plan import plan
from ops.resources import Plan

TEMPLATE = Path(__file__).parent / "architecture.md.j2"
DOCUMENT = PROJECT / "docs" / "architecture.md"
STACKS = ("prod", "dev")


def document(plans: Mapping[str, Plan], template: Path = TEMPLATE) -> str:
    """The document about `plans`, by stack. Raises PlanError for a fact that a plan does not have."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown of our own
    )
    facts = {stack: Facts(plan) for stack, plan in plans.items()}
    drawings = {stack: mermaid(plan) for stack, plan in plans.items()}
    text = environment.from_string(template.read_text(encoding="utf-8")).render(**facts, drawings=drawings)
    # Macros leave blank lines between the rows of a table, which would end it.
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<=\|\n)\n+(?=\|)", "", text))


def current() -> str:
    """The document as the program is now."""
    return document({stack: plan(stack) for stack in STACKS})


def difference(written: str, rendered: str) -> str:
    """What is out of date in `written`, as a unified diff; empty if nothing is."""
    lines = difflib.unified_diff(
        written.splitlines(keepends=True), rendered.splitlines(keepends=True), "docs/architecture.md", "from the plans"
    )
    return "".join(lines)
