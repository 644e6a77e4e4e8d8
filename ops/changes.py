"""What changes between two plans of a stack: resources created, updated, replaced and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.plan import Plan, PlannedResource

Action = Literal["create", "update", "replace", "delete", "retain"]

STATEFUL = frozenset(
    {
        "aws:backup/vault:Vault",
        "aws:cloudtrail/trail:Trail",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cognito/userPool:UserPool",
        "aws:ecr/repository:Repository",
        "aws:kms/key:Key",
        "aws:rds/cluster:Cluster",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
        "awsx:ecr:Repository",
    }
)
"""Types that hold what cannot be made again."""

Replaces = Callable[[str, list[str]], list[str]]
"""Of the changed properties of a type, those that only a new resource can have."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource that an update would touch. `properties`: what differs, and `because`: what forces a replacement."""

    action: Action
    resource: PlannedResource
    component: str
    properties: tuple[str, ...] = ()
    because: tuple[str, ...] = ()

    @property
    def loses_data(self) -> bool:
        """Whether something that holds data would go."""
        return self.action in {"replace", "delete"} and self.resource.type in STATEFUL


def changes(base: Plan, head: Plan, replaces: Replaces) -> list[Change]:
    """Every change from `base` to `head`, by component and name. Components and providers are not resources."""
    old, new = _resources(base), _resources(head)
    differing = {urn: _differing(old[urn], new[urn]) for urn in old.keys() & new.keys()}
    forced = _replaced(new, head, differing, replaces)
    found = [
        *(Change(action="create", resource=new[urn], component=_component(head, new[urn])) for urn in new.keys() - old),
        *(
            Change(
                action="retain" if old[urn].retain_on_delete else "delete",
                resource=old[urn],
                component=_component(base, old[urn]),
            )
            for urn in old.keys() - new
        ),
        *(
            Change(
                action="replace" if urn in forced else "update",
                resource=new[urn],
                component=_component(head, new[urn]),
                properties=tuple(sorted({*properties, *forced.get(urn, ())})),
                because=tuple(forced.get(urn, ())),
            )
            for urn, properties in differing.items()
            if properties or urn in forced
        ),
    ]
    return sorted(found, key=lambda change: (change.component, change.resource.type, change.resource.name))


def _resources(plan: Plan) -> dict[str, PlannedResource]:
    return {one.urn: one for one in plan.resources if not (one.is_component or one.is_provider)}


def _component(plan: Plan, resource: PlannedResource) -> str:
    return plan.component_of(resource).name


def _differing(old: PlannedResource, new: PlannedResource) -> list[str]:
    """Inputs that differ and are not ignored, and the options that an update would write."""
    names = sorted((old.inputs.keys() | new.inputs.keys()) - set(new.ignore_changes))
    changed = [name for name in names if _content(old.inputs.get(name)) != _content(new.inputs.get(name))]
    return changed + (["protect"] if old.protect != new.protect else [])


def _content(value: Any) -> Any:
    """The engine compares files by what is in them, wherever they lie."""
    if isinstance(value, Mapping):
        kept = value.keys() - {"path"} if "sha256" in value else value.keys()
        return {key: _content(value[key]) for key in kept}
    return [_content(item) for item in value] if isinstance(value, list | tuple) else value


def _replaced(
    new: Mapping[str, PlannedResource], head: Plan, differing: Mapping[str, list[str]], replaces: Replaces
) -> dict[str, list[str]]:
    """Resources that have to be replaced, by URN with the properties that force it; a replacement goes on to whatever
    names an output of the replaced one where it cannot be changed.
    """
    forced = {urn: found for urn, names in differing.items() if (found := replaces(new[urn].type, names))}
    waiting = list(forced)
    while waiting:
        gone = waiting.pop()
        for urn, named in _naming(new, head, gone, differing.get(gone, [])):
            if urn in differing and urn not in forced and (found := replaces(new[urn].type, named)):
                forced[urn] = found
                waiting.append(urn)
    return forced


def _naming(
    new: Mapping[str, PlannedResource], head: Plan, gone: str, changed: list[str]
) -> Iterator[tuple[str, list[str]]]:
    """Resources with the properties that name an output of `gone` which its successor has anew: all but inputs that
    stay the same.
    """
    kept = new[gone].inputs.keys() - changed
    for urn, resource in new.items():
        named = [
            name
            for name, value in resource.inputs.items()
            if any(found.urn == gone and found.property.split(".")[0] not in kept for found in head.references(value))
        ]
        if named:
            yield urn, named
