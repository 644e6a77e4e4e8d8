"""Properties between the engine's wire format and plain data.

https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go lists the signatures that mark
secrets, assets and resource references.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeAlias

from pulumi.runtime import rpc

Wire: TypeAlias = Any
"""A message of google.protobuf.struct_pb2, which ships without types."""

SECRET = "[secret]"  # noqa: S105
UNKNOWN = "[unknown]"

_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_ASSET = rpc._special_asset_sig
_RESOURCE = rpc._special_resource_sig


def reference_token(urn: str, path: str) -> str:
    """The placeholder for a property of a resource that does not exist yet."""
    return f"${{{urn}.{path}}}"


def to_plain(properties: Wire) -> dict[str, Any]:
    """Properties as JSON data in the order of their names: secrets masked, unknowns marked, whole numbers integers."""
    return {key: _value(value) for key, value in sorted(properties.fields.items())}


def mark_secret(value: Any) -> dict[str, Any]:
    """`value`, marked as secret for the SDK."""
    return {_SIGNATURE: _SECRET, "value": value}


def _value(value: Wire) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _object(value.struct_value)
        case "list_value":
            return [_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _object(value: Wire) -> Any:
    fields = dict(value.fields)
    signature = fields.pop(_SIGNATURE).string_value if _SIGNATURE in fields else None
    if signature == _SECRET:
        return SECRET
    if signature == _RESOURCE:
        return reference_token(fields["urn"].string_value, "id")
    # The rest are maps, and assets: a path, a text, a URI, or assets by name.
    content = {key: _value(item) for key, item in sorted(fields.items())}
    if signature == _ASSET and Path(content.get("path", "")).is_file():
        content["sha256"] = hashlib.sha256(Path(content["path"]).read_bytes()).hexdigest()
    return content
