"""Plans on the terminal: the tree of components, and the table of how many resources each is made of."""

from __future__ import annotations

from collections import Counter

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ops.plan.resources import Plan, PlannedResource


def tree(plan: Plan) -> Tree:
    """Every resource below its parent."""
    root = Tree(Text.assemble((plan.stack, "bold"), f" ({len(plan.resources)} resources)"))
    nodes = {plan.urn: root}
    for resource in plan.resources:  # a parent is registered before its children
        nodes[resource.urn] = nodes[resource.parent].add(_label(resource))
    return root


def table(plan: Plan) -> Table:
    """Number of resources by top-level component and type."""
    counts = Counter(
        (plan.component_of(resource).name, resource.type)
        for resource in plan.resources
        if not (resource.is_component or resource.is_provider)
    )
    totals: Counter[str] = Counter()
    for (component, _), number in counts.items():
        totals[component] += number
    shown = Table("component", "type", "resources", title=f"stack {plan.stack}", title_justify="left")
    shown.columns[2].justify = "right"
    for component, total in totals.items():
        shown.add_section()
        shown.add_row(component, "", str(total), style="bold")
        for (owner, kind), number in sorted(counts.items()):
            if owner == component:
                shown.add_row("", kind, str(number))
    shown.add_section()
    shown.add_row("total", "", str(totals.total()), style="bold")
    return shown


def _label(resource: PlannedResource) -> Text:
    flags = [
        word
        for word, holds in (
            ("protect", resource.protect),
            ("retain on delete", resource.retain_on_delete),
            ("delete before replace", resource.delete_before_replace),
        )
        if holds
    ]
    style = "" if resource.custom else "bold"
    return Text.assemble(
        (resource.name, style), (f"  {resource.type}", "dim"), *((f"  {flag}", "cyan") for flag in flags)
    )
