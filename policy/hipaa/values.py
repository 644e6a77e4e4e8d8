"""Values in the spellings that programs give them: blocks as a list of one, numbers as text, keys by alias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hipaa.model import Finding, Resource, Violation

AWS_ALIAS = "alias/aws/"
"""Keys behind these aliases are AWS's own, with a policy that nobody can change."""


def blocks(resource: Resource, path: str) -> list[str]:
    """Paths of the blocks at `path`, which may be one object or a list; `path` itself where there is none."""
    return [found for found, _ in resource.each(path)] or [path]


def number(value: Any) -> float | None:
    """A number however it arrives (35, 35.0, "35"); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def at_least(value: Any, least: float) -> bool:
    """Whether the value is a number, and not below `least`."""
    found = number(value)
    return found is not None and found >= least


def is_customer_key(value: Any) -> bool:
    """Whether a known key id, ARN or alias is of a customer's own key, not of one that AWS manages for a service."""
    return isinstance(value, str) and bool(value) and not value.rpartition(":")[2].startswith(AWS_ALIAS)


def customer_key(resource: Resource, path: str, message: str) -> Iterator[Finding]:
    """Broken unless a key is named that is not one of AWS's own; one that is not known yet is the program's own."""
    yield from resource.is_set(path, message)
    found = resource.get(path)
    if isinstance(found, str) and found and not is_customer_key(found):
        yield Violation(message=message, path=path)
