"""Which resource goes with which, while ids are unknown: an answer is yes, no, or None where a preview cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hipaa.model import UNKNOWN, Resource, Stack

Answer = bool | None


def equals(value: Any, wanted: Any) -> Answer:
    """Whether a value is the wanted one; None for an unknown value."""
    return None if value is UNKNOWN else value == wanted


def both(one: Answer, other: Answer) -> Answer:
    """Yes if both are, no if either is a no."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def either(answers: Iterator[Answer]) -> Answer:
    """Yes if any is, no if all are."""
    found: Answer = False
    for answer in answers:
        if answer:
            return True
        if answer is None:
            found = None
    return found


def names(stack: Stack, source: Resource, path: str, target: Resource) -> Answer:
    """Whether the property at `path` of `source` names `target`; see `Stack.refers`.

    None for an unknown value that depends on no resource of the target's type: it came through a component of another
    language, say.
    """
    if stack.refers(source, path, target):
        return True
    if source.get(path) is not UNKNOWN:
        return False
    urns = source.dependencies.get(path.split(".", maxsplit=1)[0], ())
    known = {stack.by_urn[urn].type for urn in urns if urn in stack.by_urn}
    return False if target.type in known else None


def has(stack: Stack, target: Resource, kind: str, path: str, holds: Callable[[Resource], Answer]) -> Answer:
    """Whether a resource of type `kind` names `target` at `path`, and `holds`."""
    return either(both(names(stack, source, path, target), holds(source)) for source in stack.of([kind]))
