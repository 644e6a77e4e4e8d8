"""Tags: whose a resource is, what it costs whom, which data it holds and when it may go."""

from __future__ import annotations

import inspect
import json

from ops.plan import Plan, PlannedResource
from ops.plan.outputs import resource_class

DEFAULT_TAGS = frozenset({"project", "env", "cost-center", "owner", "expiry", "managed-by"})
OWN_TAGS = frozenset({"Name", "data-classification"})


def taggable(resource: PlannedResource) -> bool:
    """Whether the SDK's class takes tags."""
    cls = resource_class(resource.type)
    return cls is not None and "tags" in inspect.signature(vars(cls)["_internal_init"]).parameters


def default_tags(plan: Plan) -> dict[str, str]:
    """Tags that the AWS provider puts on whatever it makes."""
    provider = plan.resource("pulumi:providers:aws")
    return json.loads(provider.inputs.get("defaultTags", "{}")).get("tags", {})


def complete_default_tags(plan: Plan) -> list[str]:
    """The provider sets every tag that is the same on all resources."""
    missing = {key for key in DEFAULT_TAGS if not default_tags(plan).get(key)}
    return [f"the AWS provider's default tags lack {key}" for key in sorted(missing)]


def complete_own_tags(plan: Plan) -> list[str]:
    """Every taggable resource has a name for the console, and the class of the data it holds."""
    return [
        f"{resource.urn}: tag {key} is missing"
        for resource in plan.resources
        if taggable(resource)
        for key in sorted(OWN_TAGS)
        if not resource.inputs.get("tags", {}).get(key)
    ]


def disjoint_tags(plan: Plan) -> list[str]:
    """No resource sets a default tag again: the provider would show a difference on every preview."""
    defaults = default_tags(plan)
    return [
        f"{resource.urn}: tag {key} is the provider's"
        for resource in plan.resources
        for key in resource.inputs.get("tags", {})
        if key in defaults
    ]
