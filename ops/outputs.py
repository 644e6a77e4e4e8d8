"""What a resource will have once it exists, as tokens `${urn.property}` that stay visible in whatever is built of them."""

from __future__ import annotations

import importlib
import typing
from functools import cache
from typing import Any

from pulumi import _types

DEPTH = 4  # some types contain themselves; nothing is read from deeper down
MODULES = {"index": "", "lambda": "lambda_"}


@cache
def resource_class(token: str) -> type | None:
    """SDK class of a type token such as `aws:ec2/vpc:Vpc`; None for components and providers."""
    package, module, name = token.split(":")
    if package in {"pulumi", "imgstore"}:
        return None
    folder = module.partition("/")[0]
    path = MODULES.get(folder, folder)
    sdk = importlib.import_module(".".join(part for part in (f"pulumi_{package}", path) if part))
    return getattr(sdk, name)


@cache
def output_types(token: str) -> dict[str, Any]:
    """Declared output properties of a type token, engine names to Python types."""
    cls = resource_class(token)
    return {} if cls is None else dict(_types.resource_types(cls))


def tokens(token: str, urn: str) -> dict[str, Any]:
    """A token for every output that the class of `token` declares."""
    return {name: _token(kind, f"{urn}.{name}") for name, kind in output_types(token).items()}


def _token(kind: Any, path: str, depth: int = DEPTH) -> Any:
    plain = _types.unwrap_optional_type(kind)
    origin = typing.get_origin(plain)
    if origin is not None and issubclass(origin, typing.Mapping):  # ty: ignore[invalid-argument-type]
        return {}
    if origin is not None and issubclass(origin, typing.Sequence):  # ty: ignore[invalid-argument-type]
        return [] if depth == 0 else [_token(typing.get_args(plain)[0], f"{path}[0]", depth - 1)]
    if isinstance(plain, type) and _types.is_output_type(plain):
        inner = {} if depth == 0 else _types.output_type_types(plain)
        return {name: _token(kind, f"{path}.{name}", depth - 1) for name, kind in inner.items()}
    return {bool: False, int: 0, float: 0.0}.get(plain, f"${{{path}}}")
