"""How resources hang together: providers, parents, URNs, components."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

from ops.plan import Plan, PlannedResource

CHILD_PACKAGES = {"awsx:ecr:Repository": ["aws"], "awsx:ecr:Image": ["aws", "docker-build"]}
"""Packages of the children that a component of another package declares."""

SCALING_WRITES = ("aws:appautoscaling/scheduledAction:ScheduledAction", "aws:appautoscaling/policy:Policy")

COMPONENT_TOKEN = re.compile(r"imgstore:[a-z]+:[A-Z]\w+")


def explicit_provider(plan: Plan) -> list[str]:
    """Every resource of a provider package names one of the stack's own providers of that package."""
    providers = {provider.urn: provider.type.rpartition(":")[2] for provider in plan.providers}
    return [
        f"{resource.urn}: provider {resource.provider or '(default)'} is not the stack's own for its package"
        for resource in plan.resources
        if not (resource.is_component or resource.is_provider)
        and providers.get(resource.provider) != resource.type.partition(":")[0]
    ]


def explicit_child_providers(plan: Plan) -> list[str]:
    """A component of another package has the stack's own provider of each package that its children are from.

    A plan does not show these children. A component passes its providers on to the components below it.
    """
    own = {provider.type.rpartition(":")[2]: provider.urn for provider in plan.providers}
    return [
        f"{resource.urn}: no provider of {package} is passed on to its children"
        for resource in plan.resources
        if not (resource.custom or resource.is_component)
        for package in CHILD_PACKAGES[resource.type]
        if package not in own or _passed_providers(plan, resource).get(package) != own[package]
    ]


def _passed_providers(plan: Plan, resource: PlannedResource) -> dict[str, str]:
    parent = plan.by_urn.get(resource.parent)
    return {**(_passed_providers(plan, parent) if parent else {}), **resource.providers}


def explicit_parent(plan: Plan) -> list[str]:
    """Only components and providers stand directly below the stack; whatever else has a component as its parent."""
    components = {component.urn for component in plan.components}
    return [
        f"{resource.urn}: its parent is {resource.parent or '(none)'}, not a component"
        for resource in plan.resources
        if resource.parent not in components
        and not (resource.parent == plan.urn and (resource.is_component or resource.is_provider))
    ]


def unique_urns(plan: Plan) -> list[str]:
    """No URN stands twice: mocks accept that, the engine does not."""
    counts = Counter(resource.urn for resource in plan.resources)
    return [f"{urn}: registered {count} times" for urn, count in counts.items() if count > 1]


def component_tokens(plan: Plan) -> list[str]:
    """What is neither of a provider package nor a provider is a component, `imgstore:<module>:<Class>`."""
    packages = {provider.type.rpartition(":")[2] for provider in plan.providers}
    return [
        f"{resource.urn}: type {resource.type} does not match {COMPONENT_TOKEN.pattern}"
        for resource in plan.resources
        if not resource.is_provider
        and resource.type.partition(":")[0] not in packages
        and COMPONENT_TOKEN.fullmatch(resource.type) is None
    ]


def registered_outputs(plan: Plan) -> list[str]:
    """Every component registers outputs: without them the engine never closes it, and users see nothing of it."""
    return [f"{component.urn}: registers no outputs" for component in plan.components if not component.outputs]


def serial_scaling(plan: Plan) -> list[str]:
    """Of two resources that write to one scalable target, one waits for the other: AWS refuses writes in parallel."""
    writers: dict[str, list[PlannedResource]] = {}
    for kind in SCALING_WRITES:
        for resource in plan.of_type(kind):
            writers.setdefault(resource.inputs["resourceId"], []).append(resource)
    return [
        f"{one.urn}: is not ordered with {other.name}"
        for found in writers.values()
        for one, other in combinations(found, 2)
        if other.urn not in _awaited(plan, one) and one.urn not in _awaited(plan, other)
    ]


def _awaited(plan: Plan, resource: PlannedResource) -> set[str]:
    awaited = set(resource.dependencies)
    pending = list(awaited)
    while pending:
        new = set(plan.by_urn[pending.pop()].dependencies) - awaited
        awaited |= new
        pending += new
    return awaited


def same_resources(plan: Plan, preview: Plan) -> list[str]:
    """A preview registers what an update does: nothing is declared inside an apply."""
    here, there = {resource.urn for resource in plan.resources}, {resource.urn for resource in preview.resources}
    return [f"{urn}: only in the update" for urn in here - there] + [
        f"{urn}: only in the preview" for urn in there - here
    ]
