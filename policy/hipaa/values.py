"""Values in the spellings that programs give them: blocks as a list of one, numbers as text, keys by alias."""

from __future__ import annotations

from typing import Any

from hipaa.model import Resource

AWS_ALIAS = "alias/aws/"


def blocks(resource: Resource, path: str) -> list[str]:
    """Paths of the blocks at `path`, which may be one object or a list; `path` itself where there is none."""
    return [found for found, _ in resource.each(path)] or [path]


def number(value: Any) -> float | None:
    """A number, also if it arrives as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def is_customer_key(value: Any) -> bool:
    """Whether a known key id, ARN or alias is of a customer's own key, not of one that AWS manages for a service."""
    return isinstance(value, str) and bool(value) and not value.rpartition(":")[2].startswith(AWS_ALIAS)
