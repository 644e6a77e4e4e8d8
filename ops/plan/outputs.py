"""Outputs of a resource, as the SDK's classes declare them, with placeholders `${urn.property}` instead of values.

A property that the class declares as optional is omitted unless the program set it: AWS returns no value then either,
and a placeholder would hide that.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

import pulumi
from pulumi import _types

from ops.plan.wire import reference_token

DEPTH = 3
"""Levels of nested objects that get placeholders; some types (a WAF statement) contain themselves."""

IDENTITY = frozenset({"id", "urn"})


def outputs(kind: str, urn: str) -> dict[str, Any]:
    """Outputs that the class of type token `kind` always has, except those that are none of JSON's types."""
    required = _required_outputs(kind).items()
    samples = ((name, _sample_value(annotation, urn, name, DEPTH)) for name, annotation in required)
    return {name: value for name, value in samples if value is not None}


def resource_class(kind: str) -> type[pulumi.Resource] | None:
    """The SDK's class of a type token, if the program imported it."""
    return _classes().get(kind) or _refresh_classes().get(kind)


@cache
def _required_outputs(kind: str) -> dict[str, Any]:
    """Engine name to type, of the outputs that are not optional."""
    cls = resource_class(kind)
    if cls is None:
        return {}
    resolved = _types.resource_types(cls)
    return {
        name: resolved[name]
        for _, name, prop in _types._py_properties(cls)
        if name in resolved and name not in IDENTITY and not _is_optional(prop)
    }


@cache
def _classes() -> dict[str, type[pulumi.Resource]]:
    """Every resource class imported so far, by type token."""
    found: dict[str, type[pulumi.Resource]] = {}
    pending: list[type[pulumi.Resource]] = [pulumi.Resource]
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        if "pulumi_type" in vars(cls):
            found[vars(cls)["pulumi_type"]] = cls
    return found


def _refresh_classes() -> dict[str, type[pulumi.Resource]]:
    _classes.cache_clear()
    return _classes()


def _is_optional(prop: property) -> bool:
    """Whether the property is an `Output[Optional[T]]`."""
    annotation = inspect.get_annotations(prop.fget)["return"] if prop.fget else None
    inner = typing.get_args(annotation)
    return bool(inner) and type(None) in typing.get_args(inner[0])


def _sample_value(annotation: Any, urn: str, path: str, depth: int) -> Any:
    """A value of the type that leads back to `path` of `urn`, as far as the type can carry text."""
    kind = _types.unwrap_type(annotation)
    origin = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        return _sample_value(typing.get_args(kind)[0], urn, path, depth)
    if isinstance(origin, type):
        if issubclass(origin, Mapping):
            return {}
        if issubclass(origin, Sequence):
            element = _sample_value(typing.get_args(kind)[0], urn, f"{path}[0]", depth)
            return [] if element is None else [element]
    if kind is Any:
        return reference_token(urn, path)
    return _sample_scalar(kind, urn, path, depth) if isinstance(kind, type) else None


def _sample_scalar(kind: type, urn: str, path: str, depth: int) -> Any:
    if issubclass(kind, Enum):
        return next(iter(kind)).value
    if issubclass(kind, str):
        return reference_token(urn, path)
    if kind in {bool, int, float}:
        return kind()
    if _types.is_output_type(kind):
        return _sample_object(kind, urn, path, depth - 1) if depth else None
    return None


def _sample_object(kind: type, urn: str, path: str, depth: int) -> dict[str, Any]:
    members = {
        name: _sample_value(annotation, urn, f"{path}.{name}", depth)
        for name, annotation in _types.output_type_types(kind).items()
    }
    return {name: value for name, value in members.items() if value is not None}
