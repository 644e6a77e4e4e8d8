"""Mutations of this project's own plans that violate the rules for the lifecycle of resources."""

from __future__ import annotations

import json

from ops.plan import Plan
from tests.policy.mutations import Edit, Mutations
from tests.unit.contracts.edit import edit_named, edit_resource, with_inputs


def unprotect(name: str) -> Edit:
    """Removes Pulumi's protection of a resource."""
    return lambda plan: edit_resource(plan, plan.resource(name=name), protect=False)


def drop_expiry_tag(plan: Plan) -> Plan:
    """Removes the expiry tag from the provider's default tags."""
    provider = plan.resource("pulumi:providers:aws")
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    kept = {key: value for key, value in tags.items() if key != "expiry"}
    return with_inputs(plan, provider, defaultTags=json.dumps({"tags": kept}))


MUTATIONS: Mutations = {
    "an unprotected image bucket": ("prod", unprotect("storage-images-bucket"), frozenset({"OWN-06"})),
    "an unprotected database": ("prod", unprotect("database-cluster"), frozenset({"OWN-06"})),
    "an unprotected key": ("prod", unprotect("keys-images"), frozenset({"OWN-06"})),
    "an unprotected trail": ("prod", unprotect("audit-trail"), frozenset({"OWN-06"})),
    "no expiry tag": ("dev", drop_expiry_tag, frozenset({"OWN-07"})),
    "an image bucket without a classification": (
        "dev",
        edit_named("storage-images-bucket", tags={"Name": "images"}),
        frozenset({"OWN-07"}),
    ),
    "a bucket without tags": ("prod", edit_named("storage-archive-bucket", tags=None), frozenset({"OWN-07"})),
}

NOT_OURS: dict[str, str] = {}
