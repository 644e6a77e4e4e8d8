"""The policy documents of a plan, wherever they stand, and their statements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from layout.documents import as_list
from ops.plan import Plan, PlannedResource


class Statement(NamedTuple):
    """One statement, and the resource and input in which it stands."""

    resource: PlannedResource
    input: str
    content: dict[str, Any]

    @property
    def place(self) -> tuple[str, str]:
        """Name of the resource and Sid: what an exception is known by."""
        return self.resource.name, self.content.get("Sid", "")

    @property
    def allows(self) -> bool:
        """Whether it gives rights."""
        return self.content["Effect"] == "Allow"

    @property
    def actions(self) -> list[str]:
        """Actions, always as a list."""
        return as_list(self.content.get("Action"))

    @property
    def resources(self) -> list[str]:
        """Resources, always as a list."""
        return as_list(self.content.get("Resource"))

    @property
    def principals(self) -> list[str]:
        """Principals of every kind, always as a list."""
        principal = self.content.get("Principal")
        return (
            [each for value in principal.values() for each in as_list(value)]
            if isinstance(principal, dict)
            else as_list(principal)
        )

    @property
    def conditions(self) -> dict[str, list[str]]:
        """Values by condition key, whatever the operator."""
        operators = self.content.get("Condition", {})
        return {key: as_list(value) for keys in operators.values() for key, value in keys.items()}

    def __str__(self) -> str:
        return f"{self.resource.urn}: {self.content.get('Sid', 'statement without Sid')}"


def parse(text: Any) -> dict[str, Any]:
    """The policy document that an input holds as text; empty if it holds something else."""
    if not isinstance(text, str) or '"Statement"' not in text:
        return {}
    document = json.loads(text)
    return document if isinstance(document, dict) else {}


def statements(plan: Plan) -> Iterator[Statement]:
    """Every statement of every policy document, of identities, trust and resources alike."""
    for resource in plan.resources:
        for name, value in resource.inputs.items():
            for content in as_list(parse(value).get("Statement")):
                yield Statement(resource, name, content)
