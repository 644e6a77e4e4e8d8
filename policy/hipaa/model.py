"""Resources, stacks and findings as plain values: the input and output of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final


class _Marker:
    """A marker for a missing value: `ABSENT` was never set, `UNKNOWN` is decided by AWS during the update."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Marker("ABSENT")
UNKNOWN: Final = _Marker("UNKNOWN")


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule is violated. `message` says what is wrong at `path`, in the engine's spelling."""

    message: str
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """Whether the rule is violated depends on a value at `path` that is unknown in a preview."""

    path: str


Finding = Violation | Undecided


def value_at(data: Any, path: str) -> Any:
    """The value at a dotted path: `ABSENT` if it is missing or None, `UNKNOWN` if it or any parent is unknown.

    A name is a key of a mapping, a number is a position in a list.
    """
    found: Any = data
    for name in path.split("."):
        if found is UNKNOWN:
            return UNKNOWN
        if isinstance(found, Mapping):
            found = found.get(name, ABSENT)
        elif isinstance(found, list | tuple) and name.isdigit():
            found = found[int(name)] if int(name) < len(found) else ABSENT
        else:
            return ABSENT
    return ABSENT if found is None else found


def elements(data: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Elements of the list at `path` with their own paths; `(path, UNKNOWN)` for an unknown list, nothing if absent.

    A single mapping counts as a list of one, because programs may write AWS's lists of at most one element that way.
    """
    found = value_at(data, path)
    if found is UNKNOWN or isinstance(found, Mapping):
        yield path, found
    elif _is_list(found):
        for position, element in enumerate(found):
            yield f"{path}.{position}", element


def require(value: Any, path: str, condition: Callable[[Any], bool], message: str) -> Iterator[Finding]:
    """A violation unless the value at `path` meets the condition; an absent value never does."""
    if value is UNKNOWN:
        yield Undecided(path=path)
    elif value is ABSENT or not condition(value):
        yield Violation(message=message, path=path)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as the program declares it or, in a stack check after an update, as deployed.

    `properties` are plain values in camelCase, with `UNKNOWN` for values that are not known yet. `provider` is the
    provider's URN, or empty if the engine does not report it. `dependencies` maps each property to the URNs of the
    resources whose outputs it uses: the only link while values are unknown.
    """

    urn: str
    type: str
    name: str
    properties: Mapping[str, Any]
    protect: bool = False
    parent: str = ""
    provider: str = ""
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        """Name of the stack."""
        return self.urn.split("::")[0].removeprefix("urn:pulumi:")

    def get(self, path: str) -> Any:
        """The value at a dotted path; see `value_at`."""
        return value_at(self.properties, path)

    def elements(self, path: str) -> Iterator[tuple[str, Any]]:
        """Elements of the list at a dotted path; see `elements`."""
        return elements(self.properties, path)

    def require_true(self, path: str, message: str) -> Iterator[Finding]:
        """A violation unless the property is true; absent counts as false."""
        return self.require(path, lambda value: value is True, message)

    def require_set(self, path: str, message: str) -> Iterator[Finding]:
        """A violation if the property is absent or empty. An unknown value passes: it will be set."""
        found = self.get(path)
        if found is not UNKNOWN and (found is ABSENT or found in ("", [], {})):
            yield Violation(message=message, path=path)

    def forbid(self, path: str, *, value: bool, message: str) -> Iterator[Finding]:
        """A violation if the property has the value; absent passes."""
        found = self.get(path)
        if found is UNKNOWN:
            yield Undecided(path=path)
        elif found is value:
            yield Violation(message=message, path=path)

    def require(self, path: str, condition: Callable[[Any], bool], message: str) -> Iterator[Finding]:
        """A violation unless the property meets the condition; see `require`."""
        return require(self.get(path), path, condition, message)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """All resources of a stack."""

    resources: tuple[Resource, ...]

    @cached_property
    def by_urn(self) -> dict[str, Resource]:
        """Resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return found

    def of(self, types: Iterable[str]) -> list[Resource]:
        """Resources of the given types."""
        return [resource for kind in types for resource in self._by_type.get(kind, [])]

    def refers(self, source: Resource, path: str, target: Resource) -> bool:
        """Whether the property at `path` of `source` refers to `target`, by dependency or by its id, ARN or name.

        While an id is unknown, only the dependency counts; a dependency covers the whole top-level property.
        """
        if target.urn in source.dependencies.get(path.split(".", maxsplit=1)[0], ()):
            return True
        named = source.get(path)
        texts = {named} if isinstance(named, str) else set(_texts(named))
        keys = ("arn", "id", "name", "bucket", "identifier", "clusterIdentifier", "keyId")
        known = {value for key in keys if isinstance(value := target.get(key), str) and value}
        return bool(texts & known)

    def referrers(self, types: Iterable[str], path: str, target: Resource) -> list[Resource]:
        """Resources of the given types whose property at `path` refers to `target`."""
        return [source for source in self.of(types) if self.refers(source, path, target)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif _is_list(value):
        for item in value:
            yield from _texts(item)


Settings = Mapping[str, Any]
"""A rule's settings: the defaults of its schema, overridden by the pack's configuration."""

ResourceCheck = Callable[[Resource, Settings], Iterable[Finding]]
StackCheck = Callable[[Stack, Settings], Iterable[tuple[Resource, Finding]]]
