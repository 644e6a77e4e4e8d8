"""Short ways to read a plan: policy statements, and the names of what an input or a resource depends on."""

from __future__ import annotations

import json
from typing import Any

from ops.plan import Plan, PlannedResource


def statements(resource: PlannedResource, key: str = "policy") -> dict[str, dict[str, Any]]:
    """Statements of the policy document in the input `key`, by their Sid."""
    return {statement["Sid"]: statement for statement in json.loads(resource.inputs[key])["Statement"]}


def references_of(plan: Plan, value: Any) -> list[str]:
    """`<resource>.<property>` for every property of another resource that stands in `value`."""
    return [f"{plan.by_urn[found.urn].name}.{found.property}" for found in plan.references(value)]


def dependencies(plan: Plan, resource: PlannedResource) -> set[str]:
    """Names of the resources that `resource` waits for."""
    return {plan.by_urn[urn].name for urn in resource.dependencies}
