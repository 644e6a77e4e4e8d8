"""Resources as AWS keeps them: outputs computed from the inputs, default tags merged, write-only values hashed."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from awsmodel.identity import compute_outputs
from awsmodel.tables import table
from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.resources import Resource, key_of


def new_resource(
    token: str,
    urn: str,
    inputs: dict[str, Any],
    *,
    account: str,
    region: str,
    default_tags: Mapping[str, str] | None = None,
    generation: str = "",
) -> Resource:
    """The resource that AWS creates from these inputs."""
    outputs = compute_outputs(token, urn, inputs, account=account, region=region, generation=generation)
    identity = str(outputs.pop("id"))
    return resource_with(token, urn, identity, inputs, computed=outputs, default_tags=default_tags)


def resource_with(
    token: str,
    urn: str,
    identity: str,
    inputs: dict[str, Any],
    *,
    computed: Mapping[str, Any],
    default_tags: Mapping[str, str] | None = None,
) -> Resource:
    """The resource with these inputs and the outputs that AWS computed when it was created."""
    hidden = write_only(token)
    stored = {key: _digest(value) if key in hidden else value for key, value in inputs.items()}
    tags = {"tagsAll": {**(default_tags or {}), **inputs.get("tags", {})}} if _is_taggable(token) else {}
    return Resource(
        key=key_of(urn, identity),
        urn=urn,
        type=token,
        id=identity,
        inputs=stored,
        outputs={**computed, **stored, **tags},
    )


def write_only(token: str) -> list[str]:
    """Properties of a type that AWS never returns."""
    return behaviours()["write_only"].get(token, [])


def _digest(value: Any) -> str:
    """Shows a change of a hidden value, and not the value."""
    return f"sha256:{sha256(str(value).encode()).hexdigest()}"


def _is_taggable(token: str) -> bool:
    return "tagsAll" in table("aws")["types"][token]["outputs"]
