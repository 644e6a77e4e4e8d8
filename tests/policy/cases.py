"""What every rule is shown: a resource or stack that keeps it, one that breaks it, and the cases in between."""

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
    """Resources for one rule. `passes` and `fails` hold one stack each, however many examples there are.

    `absent`: the property is missing, and whether that breaks the rule. `unknown`: it is not known yet; what that means
    is the rule's own `unknown`. `other`: resources that the rule has nothing to say about.
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
    """A resource of the stack prod; `refers` names, by property, another resource whose output stands there."""
    links = {key: (target.urn,) for key, target in (refers or {}).items()}
    urn = f"urn:pulumi:{stack}::project::{kind}::{name}"
    return Resource(urn=urn, type=kind, name=name, properties=properties, dependencies=links, protect=protect)


def evaluate_rule(code: str, resources: Resources, settings: dict[str, Any] | None = None) -> list[Result]:
    """What the rule finds in a stack of these resources."""
    return evaluate([REGISTERED[code]], Stack(resources=resources), {code: settings or {}})


def violates(code: str, resources: Resources, settings: dict[str, Any] | None = None) -> bool:
    """Whether the rule is broken."""
    return any(one.is_violation for one in evaluate_rule(code, resources, settings))
