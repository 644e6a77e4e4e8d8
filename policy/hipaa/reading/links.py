"""Answers about how resources refer to each other while ids are unknown: True, False, or None if undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hipaa.model import UNKNOWN, Resource, Stack

Answer = bool | None


def equals(value: Any, expected: Any) -> Answer:
    """Whether a value equals the expected one; None for an unknown value."""
    return None if value is UNKNOWN else value == expected


def all_of(answers: Iterable[Answer]) -> Answer:
    """False if any answer is False, else None if any is None, else True."""
    known = list(answers)
    return False if False in known else None if None in known else True


def any_of(answers: Iterable[Answer]) -> Answer:
    """True if any answer is True, else None if any is None, else False."""
    known = list(answers)
    return True if True in known else None if None in known else False


def refers_to(stack: Stack, source: Resource, path: str, target: Resource) -> Answer:
    """Whether the property at `path` of `source` refers to `target`; see `Stack.refers`.

    None for an unknown value without a dependency on any resource of the target's type, such as one that came through
    a component written in another language.
    """
    if stack.refers(source, path, target):
        return True
    if source.get(path) is not UNKNOWN:
        return False
    urns = source.dependencies.get(path.split(".", maxsplit=1)[0], ())
    known = {stack.by_urn[urn].type for urn in urns if urn in stack.by_urn}
    return False if target.type in known else None


def is_referred_to(
    stack: Stack, target: Resource, kind: str, path: str, condition: Callable[[Resource], Answer] = lambda _: True
) -> Answer:
    """Whether a resource of type `kind` that meets `condition` refers to `target` at `path`."""
    return any_of(all_of((refers_to(stack, source, path, target), condition(source))) for source in stack.of([kind]))
