"""Broken plans: a copy with one thing changed, to show that a contract notices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ops.plan import Plan, PlannedResource


def edited(plan: Plan, resource: PlannedResource, **fields: Any) -> Plan:
    """`plan` with fields of one resource replaced."""
    changed = replace(resource, **fields)
    return replace(plan, resources=tuple(changed if known is resource else known for known in plan.resources))


def with_inputs(plan: Plan, resource: PlannedResource, **inputs: Any) -> Plan:
    """`plan` with inputs of one resource replaced."""
    return edited(plan, resource, inputs={**resource.inputs, **inputs})


def without_input(plan: Plan, resource: PlannedResource, name: str) -> Plan:
    """`plan` with one input of one resource left out."""
    return edited(plan, resource, inputs={key: value for key, value in resource.inputs.items() if key != name})


def with_resource(plan: Plan, resource: PlannedResource) -> Plan:
    """`plan` with one more resource."""
    return replace(plan, resources=(*plan.resources, resource))
