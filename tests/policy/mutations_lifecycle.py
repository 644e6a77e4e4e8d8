"""Ways to break the rules for the life of resources in this project's own plans."""

from __future__ import annotations

import json
from collections.abc import Callable

from ops.plan import Plan
from tests.unit.contracts.edit import edited, named, with_inputs

Edit = Callable[[Plan], Plan]


def unprotect(name: str) -> Edit:
    """Lets Pulumi delete a resource."""
    return lambda plan: edited(plan, plan.resource(name=name), protect=False)


def drop_expiry_tag(plan: Plan) -> Plan:
    """Without the day on which resources may go, among the provider's tags."""
    provider = plan.resource("pulumi:providers:aws")
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    kept = {key: value for key, value in tags.items() if key != "expiry"}
    return with_inputs(plan, provider, defaultTags=json.dumps({"tags": kept}))


MUTATIONS: dict[str, tuple[str, Edit, frozenset[str]]] = {
    "images that an update may delete": ("prod", unprotect("storage-images-bucket"), frozenset({"OWN-06"})),
    "a database that an update may delete": ("prod", unprotect("database-cluster"), frozenset({"OWN-06"})),
    "a key that an update may delete": ("prod", unprotect("keys-images"), frozenset({"OWN-06"})),
    "a trail that an update may delete": ("prod", unprotect("audit-trail"), frozenset({"OWN-06"})),
    "nothing that says when it may go": ("dev", drop_expiry_tag, frozenset({"OWN-07"})),
    "images of no class": (
        "dev",
        named("storage-images-bucket", tags={"Name": "images"}),
        frozenset({"OWN-07"}),
    ),
    "a bucket without tags": ("prod", named("storage-archive-bucket", tags=None), frozenset({"OWN-07"})),
}

NOT_OURS: dict[str, str] = {}
