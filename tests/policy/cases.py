"""Test cases of one rule, and helpers to evaluate them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hipaa.checks  # noqa: F401  importing the checks registers them
from hipaa.evaluate import Result, evaluate
from hipaa.model import Resource, Stack
from hipaa.rule import REGISTERED

Resources = tuple[Resource, ...]


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Resources for one rule. `passes` and `fails` hold one stack per example.

    `absent`: the property is missing; `absent_fails` says whether that is a violation. `unknown`: the value is not
    known yet; the rule's metadata decide. `other`: resources that the rule skips.
    """

    passes: tuple[Resources, ...]
    fails: tuple[Resources, ...]
    absent: Resources
    absent_fails: bool = True
    unknown: Resources
    other: Resources


def resource(
    kind: str,
    name: str = "it",
    *,
    stack: str = "prod",
    refers: dict[str, Resource] | None = None,
    protect: bool = False,
    **properties: Any,
) -> Resource:
    """A resource; `refers` maps a property to the resource whose output it uses."""
    links = {key: (target.urn,) for key, target in (refers or {}).items()}
    urn = f"urn:pulumi:{stack}::project::{kind}::{name}"
    return Resource(urn=urn, type=kind, name=name, properties=properties, dependencies=links, protect=protect)


def evaluate_rule(code: str, resources: Resources, settings: dict[str, Any] | None = None) -> list[Result]:
    """The rule's results on a stack of these resources."""
    return evaluate([REGISTERED[code]], Stack(resources=resources), {code: settings or {}})


def violates(code: str, resources: Resources, settings: dict[str, Any] | None = None) -> bool:
    """Whether the stack violates the rule."""
    return any(one.is_violation for one in evaluate_rule(code, resources, settings))
