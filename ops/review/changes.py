"""What changes between two plans of a stack: resources created, updated, replaced and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from awsmodel.tables import name_property
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

IMMOVABLE = {"aws:rds/subnetGroup:SubnetGroup": "subnetIds", "aws:lb/loadBalancer:LoadBalancer": "subnets"}
"""Types that AWS keeps in the VPC they were made in, and the property that would move them."""

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
    differing = {urn: found for urn in old.keys() & new.keys() if (found := _differing(old[urn], new[urn]))}
    forced, touched = _consequences(old, new, head, differing, replaces)
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
                properties=tuple(sorted({*differing.get(urn, ()), *touched.get(urn, ())})),
                because=tuple(sorted(forced.get(urn, ()))),
            )
            for urn in differing.keys() | touched.keys()
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


def _consequences(
    old: Mapping[str, PlannedResource],
    new: Mapping[str, PlannedResource],
    head: Plan,
    differing: Mapping[str, list[str]],
    replaces: Replaces,
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What has to be replaced, with the properties that force it, and what names an output that is new then.

    A replacement goes on: whoever names an output of the replaced one changes too, and is replaced itself where that
    property cannot change.
    """
    forced = {urn: set(found) for urn, names in differing.items() if (found := replaces(new[urn].type, names))}
    touched: dict[str, set[str]] = {}
    links = [(urn, *link) for urn in old.keys() & new.keys() for link in _links(head, new[urn])]
    settled = False
    while not settled:
        settled = True
        for urn, name, target, output in links:
            if target not in forced or not _renewed(old[target], new[target], differing.get(target, ()), output):
                continue
            reasons = set(replaces(new[urn].type, [name]))
            if IMMOVABLE.get(new[urn].type) == name and "vpcId" in forced[target]:
                reasons.add(name)
            if reasons - forced.get(urn, set()):
                forced.setdefault(urn, set()).update(reasons)
                settled = False
            touched.setdefault(urn, set()).add(name)
    return forced, touched


def _links(plan: Plan, resource: PlannedResource) -> Iterator[tuple[str, str, str]]:
    """Property, URN and output of everything the resource names; the output is empty where its value is known."""
    for name, value in resource.inputs.items():
        named = plan.references(value)
        yield from ((name, found.urn, found.property.split(".")[0]) for found in named)
        shown = {found.urn for found in named}
        yield from ((name, urn, "") for urn in resource.property_dependencies.get(name, ()) if urn not in shown)


def _renewed(old: PlannedResource, new: PlannedResource, changed: Iterable[str], output: str) -> bool:
    """Whether an output of a replaced resource is another one for those who name it.

    An input that stays the same is the same output, unless the old resource has to go before the new one can come, as
    it must where both have the same name: whoever depends on it goes with it.
    """
    if output and (output not in new.inputs or output in changed):
        return True
    name = name_property(new.type) or ""
    return new.delete_before_replace or (name in new.inputs and old.inputs.get(name) == new.inputs[name])
