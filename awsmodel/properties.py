"""Properties between the engine's protobuf form and plain Python. A value not known yet is `UNKNOWN`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import struct_pb2

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine marks a value that is not known yet."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of a value that is a secret, an output or a resource."""

_SECRET = "1b47061264138c4ac30d75fd1eb44270"


class _Unknown:
    """A value that is known only after an update."""

    def __repr__(self) -> str:
        return "(known after the update)"


UNKNOWN = _Unknown()


def to_plain(value: struct_pb2.Value) -> Any:
    """A property as plain data; whole numbers are integers, secrets are unwrapped."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == _SECRET:
            return to_plain(fields["value"])
        return {key: to_plain(item) for key, item in fields.items()}
    if kind == "list_value":
        return [to_plain(item) for item in value.list_value.values]
    if kind == "number_value":
        return int(value.number_value) if float(value.number_value).is_integer() else value.number_value
    return value.bool_value if kind == "bool_value" else None


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Properties as plain data; absent and null are the same."""
    items = {key: to_plain(value) for key, value in struct.fields.items()}
    return {key: value for key, value in items.items() if value is not None}


def to_struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Plain data as properties."""
    struct = struct_pb2.Struct()
    struct.update(_mark_unknown(properties))
    return struct


def _mark_unknown(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, dict):
        return {key: _mark_unknown(item) for key, item in value.items() if item is not None}
    return [_mark_unknown(item) for item in value] if isinstance(value, list) else value


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string inside `value` with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from strings(item, f"{path}[{position}]")


def values_at(value: Any, path: str) -> list[Any]:
    """Values at a dotted path; lists on the way are searched item by item."""
    if isinstance(value, list):
        return [found for item in value for found in values_at(item, path)]
    if not path:
        return [] if value is None else [value]
    head, _, rest = path.partition(".")
    return values_at(value.get(head), rest) if isinstance(value, dict) else []
