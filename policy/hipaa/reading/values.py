"""Property values in all their spellings: blocks as lists of one, numbers as text, keys by alias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Violation

AWS_ALIAS = "alias/aws/"
"""Prefix of the aliases of AWS managed keys, whose policies nobody can change."""


def block_paths(resource: Resource, path: str) -> list[str]:
    """Paths of the blocks at `path`, which may be one object or a list; `path` itself if there is none."""
    return [found for found, _ in resource.elements(path)] or [path]


def number(value: Any) -> float | None:
    """A number in any spelling (35, 35.0, "35"); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def is_at_least(value: Any, minimum: float) -> bool:
    """Whether the value is a number not below `minimum`."""
    found = number(value)
    return found is not None and found >= minimum


def is_customer_key(value: Any) -> bool:
    """Whether a key id, ARN or alias is known and is not that of an AWS managed key."""
    return isinstance(value, str) and bool(value) and not value.rpartition(":")[2].startswith(AWS_ALIAS)


def require_customer_key(resource: Resource, path: str, message: str = "") -> Iterator[Finding]:
    """A violation unless a customer managed key is set. An unknown value passes: the program creates the key."""
    found = resource.get(path)
    if found is not UNKNOWN and not is_customer_key(found):
        default = "no customer managed key is set" if found in (ABSENT, "") else "AWS manages the key"
        yield Violation(message=message or default, path=path)
