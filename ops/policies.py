"""The policy pack's rules on a plan: what `pulumi preview --policy-pack policy` would say, without an engine."""

from __future__ import annotations

import re
import sys
from typing import Any

from ops.configuration import PROJECT
from ops.plan import Plan, PlannedResource

sys.path.insert(0, str(PROJECT / "policy"))  # the pack stands on its own and is no package of this project

from hipaa.model import UNKNOWN, Resource, Stack
from hipaa.types import ALIASES

REFERENCE = re.compile(r"\$\{urn:[^}]*\}")


def stack_of(plan: Plan) -> Stack:
    """A plan as the pack sees a first preview: whatever another resource has yet to say is unknown."""
    return Stack(resources=tuple(_resource(plan, one) for one in plan.resources if one.custom and not one.is_provider))


def _resource(plan: Plan, one: PlannedResource) -> Resource:
    dependencies = {
        name: tuple(dict.fromkeys(reference.urn for reference in plan.references(value)))
        for name, value in one.inputs.items()
    }
    declared = {name: tuple(urns) for name, urns in one.property_dependencies.items()}
    return Resource(
        urn=one.urn,
        type=ALIASES.get(one.type, one.type),
        name=one.name,
        properties=_unknown(one.inputs),
        protect=one.protect,
        parent=one.parent,
        dependencies={name: urns for name, urns in {**dependencies, **declared}.items() if urns},
    )


def _unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unknown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unknown(item) for item in value]
    return UNKNOWN if isinstance(value, str) and REFERENCE.search(value) else value
