"""A plan: every resource that a stack declares, as data that tests, cost, controls and reviews can query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pulumi

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
COMPONENT_PREFIX = "imgstore:"

SPELLING = {
    "urn": "urn",
    "type": "type",
    "name": "name",
    "parent": "parent",
    "provider": "provider",
    "providers": "providers",
    "custom": "custom",
    "protect": "protect",
    "retainOnDelete": "retain_on_delete",
    "deleteBeforeReplace": "delete_before_replace",
    "ignoreChanges": "ignore_changes",
    "aliases": "aliases",
    "dependencies": "dependencies",
    "propertyDependencies": "property_dependencies",
    "secretOutputs": "secret_outputs",
    "inputs": "inputs",
    "outputs": "outputs",
}
"""Keys of a resource in JSON, the engine's spelling, and the fields they hold."""

LISTS = frozenset({"ignore_changes", "aliases", "dependencies", "secret_outputs"})


class PlanError(pulumi.RunError):
    """The stack cannot be planned, or a plan does not hold what was asked of it."""


class Reference(NamedTuple):
    """A property of another resource, as it stands in an input."""

    urn: str
    property: str


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    """One resource as the program registered it.

    `inputs` are what the engine receives: camelCase, secrets masked, outputs of other resources as `${urn.property}`.
    `outputs` are what a component registered of itself, None if it never did. `provider` is the URN of the explicit
    provider, empty where the default one would be used. `providers` are those passed on to the children of a component,
    by package. `secret_outputs` names what AWS or a provider keeps secret.
    """

    urn: str
    type: str
    name: str
    parent: str
    provider: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    custom: bool = True
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secret_outputs: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] | None = None

    @property
    def is_provider(self) -> bool:
        """Whether it configures a provider."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def is_component(self) -> bool:
        """Whether it is a component of this program, made of the resources below it."""
        return self.type.startswith(COMPONENT_PREFIX)

    def to_json(self) -> dict[str, Any]:
        """The resource as plain data in the engine's spelling."""
        return {key: getattr(self, name) for key, name in SPELLING.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PlannedResource:
        """The resource that `to_json` wrote."""
        values: dict[str, Any] = {name: data[key] for key, name in SPELLING.items() if key in data}
        for name in LISTS & values.keys():
            values[name] = tuple(values[name])
        dependencies = values.pop("property_dependencies", {})
        return cls(property_dependencies={key: tuple(urns) for key, urns in dependencies.items()}, **values)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything one stack declares, in the order of registration. `urn` is the stack's own."""

    stack: str
    urn: str
    resources: tuple[PlannedResource, ...]
    exports: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @cached_property
    def by_urn(self) -> dict[str, PlannedResource]:
        """Resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    @property
    def components(self) -> list[PlannedResource]:
        """Component resources of the program itself."""
        return [resource for resource in self.resources if resource.is_component]

    @property
    def providers(self) -> list[PlannedResource]:
        """Explicit providers."""
        return [resource for resource in self.resources if resource.is_provider]

    def of_type(self, kind: str | type[pulumi.Resource]) -> list[PlannedResource]:
        """Resources of an SDK class or a type token."""
        wanted = kind if isinstance(kind, str) else vars(kind)["pulumi_type"]
        return [resource for resource in self.resources if resource.type == wanted]

    def resource(self, kind: str | type[pulumi.Resource] | None = None, *, name: str | None = None) -> PlannedResource:
        """The one resource of a type, or of a name, or of both; PlanError if there is not exactly one."""
        candidates = self.resources if kind is None else self.of_type(kind)
        found = [resource for resource in candidates if name in {None, resource.name}]
        if len(found) != 1:
            what = " ".join(str(part) for part in (kind, name) if part is not None)
            names = ", ".join(sorted(resource.name for resource in found or candidates))
            raise PlanError(f"stack {self.stack} has {len(found)} resources {what}, not one; there are: {names}")
        return found[0]

    def children(self, urn: str) -> list[PlannedResource]:
        """Resources directly below `urn`."""
        return [resource for resource in self.resources if resource.parent == urn]

    def descendants(self, urn: str) -> Iterator[PlannedResource]:
        """Resources below `urn`, at any depth."""
        for child in self.children(urn):
            yield child
            yield from self.descendants(child.urn)

    def component_of(self, resource: PlannedResource) -> PlannedResource:
        """The stack's top-level resource that `resource` belongs to; itself if it is one."""
        while resource.parent in self.by_urn:
            resource = self.by_urn[resource.parent]
        return resource

    def references(self, value: Any) -> list[Reference]:
        """Every property of another resource that occurs in an input, however deep in text or JSON it stands."""
        if isinstance(value, Mapping):
            return [found for item in value.values() for found in self.references(item)]
        if isinstance(value, list | tuple):
            return [found for item in value for found in self.references(item)]
        return list(self._tokens(value)) if isinstance(value, str) else []

    def _tokens(self, text: str) -> Iterator[Reference]:
        for part in text.split("${urn:")[1:]:
            body = f"urn:{part.partition('}')[0]}"
            # A name may contain dots, so the URN is the longest known one, not what precedes the first dot.
            known = [urn for urn in self.by_urn if body.startswith(f"{urn}.")]
            if known:
                urn = max(known, key=len)
                yield Reference(urn, body.removeprefix(f"{urn}."))

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data."""
        return {
            "stack": self.stack,
            "urn": self.urn,
            "exports": self.exports,
            "resources": [resource.to_json() for resource in self.resources],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """The plan that `to_json` wrote."""
        resources = tuple(PlannedResource.from_json(resource) for resource in data["resources"])
        return cls(stack=data["stack"], urn=data["urn"], exports=data["exports"], resources=resources)
