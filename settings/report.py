"""Messages about settings: one line for each problem, with file, key, value, rule and remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter
from pydantic_core import ErrorDetails

from settings.rules.problem import Problem, shorten
from settings.validators import RefusedError

PROJECT = Path(__file__).parent.parent
NAMESPACE = "image-store"
HIDDEN = "[secret]"


def unknown_key(key: str, value: Any, known: list[str]) -> Problem:
    """The problem of a key that does not exist, with the most similar one that does."""
    close = get_close_matches(key.rpartition(".")[2], known, n=1)
    remedy = f"Did you mean {close[0]}?" if close else f"Remove it; known are {', '.join(sorted(known))}"
    return Problem(key=key, value=value, rule="there is no such key", remedy=remedy)


REMEDIES = {
    "missing": ("it is required", "Add it"),
    "literal_error": ("it is none of {expected}", "Choose one of them"),
    "date_from_datetime_parsing": ("it is not a date", 'Write it as "2027-01-31"'),
    "date_from_datetime_inexact": ("it is not a date", 'Write it as "2027-01-31"'),
    "date_type": ("it is not a date", 'Write it as "2027-01-31"'),
    "date_parsing": ("it is not a date", 'Write it as "2027-01-31"'),
    "int_parsing": ("it is not a whole number", "Write digits only"),
    "int_type": ("it is not a whole number", "Write digits only"),
    "int_from_float": ("it is not a whole number", "Round it"),
    "float_parsing": ("it is not a number", "Write it as 0.5, for example"),
    "float_type": ("it is not a number", "Write it as 0.5, for example"),
    "bool_parsing": ("it is neither true nor false", "Write true or false"),
    "bool_type": ("it is neither true nor false", "Write true or false"),
    "ip_v4_address": ("it is not an IPv4 address", "Write it as 198.51.100.10, for example"),
    "tuple_type": ("it is not a list", "Write its entries in brackets, or below it after dashes"),
    "dict_type": ("it is not a group of keys", "Write its keys below it, indented"),
    "model_type": ("it is not a group of keys", "Write its keys below it, indented"),
    "string_type": ("it is not text", "Quote it"),
}


def validation_problem(group: str, annotation: Any, details: ErrorDetails) -> Problem:
    """The problem that pydantic found in `group`, whose type is `annotation`."""
    path = [str(part) for part in details["loc"]]
    key = ".".join([group, *path])
    context = details.get("ctx", {})
    refused = context.get("error")
    if isinstance(refused, RefusedError):
        return Problem(key=key, value=details["input"], rule=refused.rule, remedy=refused.remedy)
    if details["type"] == "extra_forbidden":
        return unknown_key(key, details["input"], _siblings(annotation, path))
    rule, remedy = REMEDIES.get(details["type"], (details["msg"], "Correct it"))
    value = "(absent)" if details["type"] == "missing" else details["input"]
    return Problem(key=key, value=value, rule=rule.format(**context), remedy=remedy)


def _siblings(annotation: Any, path: list[str]) -> list[str]:
    """The known keys of the group that the last part of `path` belongs to."""
    schema = TypeAdapter(annotation).json_schema()
    definitions = schema.get("$defs", {})

    def resolve(node: dict[str, Any]) -> dict[str, Any]:
        for alternative in (*node.get("anyOf", ()), *node.get("allOf", ())):
            if alternative.get("type") != "null":
                return resolve(alternative)
        if "$ref" in node:
            return resolve(definitions[node["$ref"].rpartition("/")[2]])
        return node

    node = resolve(schema)
    for part in path[:-1]:
        node = resolve(node["items"] if part.isdigit() else node["properties"][part])
    return list(node.get("properties", {}))


def _groups(path: Path) -> set[str]:
    if not path.exists():
        return set()
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {key.rpartition(":")[2] for key in content.get("config") or ()}


def mask(problem: Problem) -> Problem:
    """The problem without its value, which a secret setting may have supplied."""
    return replace(
        problem, value=HIDDEN, rule="it breaks a rule that reads a secret setting", remedy="Decrypt it to check"
    )


def format_problems(problems: list[Problem], stack: str, secrets: frozenset[str]) -> str:
    """One line a problem: file, key, value, rule, remedy. A secret's value is not shown."""
    defaults = _groups(PROJECT / "Pulumi.yaml") - _groups(PROJECT / f"Pulumi.{stack}.yaml")
    lines = []
    for problem in problems:
        group = problem.key.partition(".")[0]
        file = "Pulumi.yaml" if group in defaults else f"Pulumi.{stack}.yaml"
        value = HIDDEN if group in secrets else _format_value(problem.value)
        remedy = problem.remedy if problem.remedy.endswith("?") else f"{problem.remedy}."
        key = problem.key if ":" in group else f"{NAMESPACE}:{problem.key}"
        lines.append(f"  {file}: {key} = {value}: {problem.rule}. {remedy}")
    noun = "problem" if len(lines) == 1 else "problems"
    return "\n".join([f"The settings of stack {stack} have {len(lines)} {noun}; nothing was declared.", *lines])


def _format_value(value: Any) -> str:
    return shorten(value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False).strip('"'))
