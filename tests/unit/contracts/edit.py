"""Broken plans: a copy with one thing changed, to show that a contract notices."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ops.plan import Plan, PlannedResource


def edit_resource(plan: Plan, resource: PlannedResource, **fields: Any) -> Plan:
    """`plan` with fields of one resource replaced."""
    changed = replace(resource, **fields)
    return replace(plan, resources=tuple(changed if known is resource else known for known in plan.resources))


def with_inputs(plan: Plan, resource: PlannedResource, **inputs: Any) -> Plan:
    """`plan` with inputs of one resource replaced."""
    return edit_resource(plan, resource, inputs={**resource.inputs, **inputs})


def without_input(plan: Plan, resource: PlannedResource, name: str) -> Plan:
    """`plan` with one input of one resource left out."""
    return edit_resource(plan, resource, inputs={key: value for key, value in resource.inputs.items() if key != name})


def with_resource(plan: Plan, resource: PlannedResource) -> Plan:
    """`plan` with one more resource."""
    return replace(plan, resources=(*plan.resources, resource))


def without(plan: Plan, *resources: PlannedResource) -> Plan:
    """`plan` with some resources left out."""
    return replace(plan, resources=tuple(known for known in plan.resources if known not in resources))


def edit_named(name: str, /, **inputs: Any) -> Callable[[Plan], Plan]:
    """Replaces inputs of the one resource that has that name; an input of None is left out."""

    def edit(plan: Plan) -> Plan:
        resource = plan.resource(name=name)
        merged = {**resource.inputs, **inputs}
        return edit_resource(plan, resource, inputs={key: value for key, value in merged.items() if value is not None})

    return edit


def copy_resource(plan: Plan, name: str, /, **inputs: Any) -> Plan:
    """`plan` with a second resource like the one of that name, called `other`, with other inputs."""
    resource = plan.resource(name=name)
    urn = f"{resource.urn.rpartition('::')[0]}::other"
    return with_resource(plan, replace(resource, urn=urn, name="other", inputs={**resource.inputs, **inputs}))


def in_json(name: str, key: str, change: Callable[[Any], None]) -> Callable[[Plan], Plan]:
    """Changes the JSON that an input holds as text."""

    def edit(plan: Plan) -> Plan:
        value = json.loads(plan.resource(name=name).inputs[key])
        change(value)
        return edit_named(name, **{key: json.dumps(value)})(plan)

    return edit


def in_statement(name: str, sid: str, key: str = "policy", **changes: Any) -> Callable[[Plan], Plan]:
    """Replaces elements of one statement of a policy document; an element of None is left out."""

    def change(document: dict[str, Any]) -> None:
        for position, statement in enumerate(document["Statement"]):
            if statement["Sid"] == sid:
                merged = {**statement, **changes}
                document["Statement"][position] = {k: v for k, v in merged.items() if v is not None}

    return in_json(name, key, change)


def without_statement(name: str, sid: str, key: str = "policy") -> Callable[[Plan], Plan]:
    """Leaves one statement of a policy document out."""

    def change(document: dict[str, Any]) -> None:
        document["Statement"] = [each for each in document["Statement"] if each["Sid"] != sid]

    return in_json(name, key, change)


def at(value: Any, path: str, new: Any) -> Any:
    """`value` with what stands at the dotted `path` replaced; a number is a position in a list."""
    head, _, rest = path.partition(".")
    changed = new if not rest else at(value[int(head)] if isinstance(value, list) else value.get(head, {}), rest, new)
    if isinstance(value, list):
        return [changed if position == int(head) else item for position, item in enumerate(value)]
    return {**value, head: changed}


def edit_nested(name: str, path: str, new: Any) -> Callable[[Plan], Plan]:
    """Replaces what stands at a dotted path of a resource's inputs."""

    def edit(plan: Plan) -> Plan:
        resource = plan.resource(name=name)
        return edit_resource(plan, resource, inputs=at(resource.inputs, path, new))

    return edit
