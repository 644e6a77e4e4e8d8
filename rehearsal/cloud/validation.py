"""Checks inputs as the provider and AWS do: names and types at every depth, then AWS's own limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from awsmodel.properties import UNKNOWN, values_at
from awsmodel.tables import table
from rehearsal.cloud.behaviours import behaviours

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@dataclass(frozen=True)
class Failure:
    """An input that is rejected: its path and the reason."""

    path: str
    reason: str


Failures = Iterator[Failure]


def validate(package: str, token: str, inputs: dict[str, Any]) -> list[Failure]:
    """Everything that is wrong with the inputs of a resource of type `token`."""
    known = table(package)["types"].get(token)
    if known is None:
        return [Failure("", f"the rehearsal knows no type {token} in package {package}")]
    shape = list(_object(package, known, inputs, ""))
    return shape or [*_constraints(known, inputs), *_forms(token, inputs)]


def _object(package: str, known: dict[str, Any], value: dict[str, Any], path: str) -> Failures:
    for name, item in value.items():
        where = f"{path}.{name}" if path else name
        if name.startswith("__"):
            continue
        if name not in known["inputs"]:
            close = get_close_matches(name, known["inputs"], n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known['inputs']))}"
            yield Failure(where, f"there is no such property; {hint}")
            continue
        yield from _value(package, known["inputs"][name], item, where)
    for name in known["required"]:
        if name not in value:
            yield Failure(f"{path}.{name}" if path else name, "a required property is missing")


def _value(package: str, kind: Any, value: Any, path: str) -> Failures:
    if value is UNKNOWN or value is None or kind == "any":
        return
    if isinstance(kind, str):
        yield from _scalar(kind, value, path)
    elif "list" in kind:
        if not isinstance(value, list):
            yield Failure(path, f"a list is expected, not {type(value).__name__}")
            return
        for position, item in enumerate(value):
            yield from _value(package, kind["list"], item, f"{path}[{position}]")
    elif not isinstance(value, dict):
        yield Failure(path, f"an object is expected, not {type(value).__name__}")
    elif "map" in kind:
        for key, item in value.items():
            yield from _value(package, kind["map"], item, f"{path}.{key}")
    else:
        yield from _object(package, table(package)["objects"][kind["object"]], value, path)


def _scalar(kind: str, value: Any, path: str) -> Failures:
    fits = isinstance(value, PYTHON_TYPES[kind]) and (kind == "boolean") == isinstance(value, bool)
    if not fits:
        yield Failure(path, f"a {kind} is expected, not {value!r}")


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # some of AWS's patterns are for another regex engine
        return None


def _constraints(known: dict[str, Any], inputs: dict[str, Any]) -> Failures:
    for name, rules in known["constraints"].items():
        value = inputs.get(name)
        if isinstance(value, str):
            yield from _text(name, value, rules)
        elif isinstance(value, (int, float)) and not rules.get("minimum", value) <= value <= rules.get(
            "maximum", value
        ):
            yield Failure(name, f"{value} is not within {rules.get('minimum')} to {rules.get('maximum')}")


def _text(name: str, value: str, rules: dict[str, Any]) -> Failures:
    if not rules.get("minLength", 0) <= len(value) <= rules.get("maxLength", len(value)):
        limits = f"{rules.get('minLength', 0)} to {rules.get('maxLength', 'any number of')}"
        yield Failure(name, f"it has {len(value)} characters, AWS allows {limits}")
    pattern = _compile(rules["pattern"]) if "pattern" in rules else None
    if pattern is not None and pattern.search(value) is None:
        yield Failure(name, f"{value!r} does not match {rules['pattern']}")
    if "enum" in rules and value not in rules["enum"]:
        yield Failure(name, f"{value!r} is not one of {', '.join(map(str, rules['enum']))}")


def _forms(token: str, inputs: dict[str, Any]) -> Failures:
    for name, pattern in behaviours()["forms"].get(token, {}).items():
        value = inputs.get(name)
        if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is None:
            yield Failure(name, f"{value!r} ({len(value)} characters) is not a valid name: {pattern}")
    for path, offered in behaviours()["values"].get(token, {}).items():
        for value in values_at(inputs, path):
            if value is not UNKNOWN and value not in offered:
                yield Failure(path, f"{value!r} is not one of {', '.join(map(str, offered))}")
