"""A rule: what the Security Rule asks for, how it is checked, and what to do when it is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from hipaa.model import ResourceCheck, StackCheck

RULES = Path(__file__).with_name("rules")
"""One file an area."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, in C where it is there: five times as fast

Severity = Literal["mandatory", "advisory"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What its file says of a rule. `code` is its short name, `id` the policy's.

    `hipaa` are the citations that published rule sets give, `related` the one this pack chose where they give none.
    `unknown` is what a value means that a preview does not know: `passes` or `fails`; `why` says why.
    `production`: the rule holds in production stacks only.
    """

    id: str
    code: str
    title: str
    scope: Literal["resource", "stack", "process"]
    severity: Severity
    check: str
    remedy: str
    hipaa: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    unknown: Literal["passes", "fails"] = "passes"
    why: str = ""
    production: bool = False

    @property
    def citations(self) -> tuple[str, ...]:
        """Paragraphs of 45 CFR Part 164."""
        return self.hipaa or self.related


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that a preview can check. `types` are the type tokens that it reads; a resource check is asked about those
    alone. `schema` describes its thresholds (JSON schema of each, with a default).
    """

    facts: Facts
    types: frozenset[str]
    check: ResourceCheck | StackCheck
    schema: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        """The thresholds when nothing is configured."""
        return {name: described["default"] for name, described in self.schema.items()}


@cache
def facts() -> dict[str, Facts]:
    """All rules by code, as the files have them."""
    files = [yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER) for path in sorted(RULES.glob("*.yaml"))]  # noqa: S506
    return {entry["code"]: _facts(entry) for file in files for entry in file["rules"]}


def _facts(entry: dict[str, Any]) -> Facts:
    lists = {key: tuple(entry.get(key, ())) for key in ("hipaa", "related", "types")}
    sources = {name: tuple(ids) for name, ids in entry.get("sources", {}).items()}
    known: dict[str, Any] = {**entry, **lists, "sources": sources}
    return Facts(**known)


REGISTERED: dict[str, Rule] = {}
"""Rules with a check, by code; `hipaa.checks` fills it when it is imported."""


def rule(
    code: str, *types: str, schema: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a function as the check of the rule `code` (a decorator); ValueError if there is one already.

    The function gets the resource, or for a stack rule the stack, and the rule's settings.
    """

    def register(check: Callable[..., Any]) -> Callable[..., Any]:
        if code in REGISTERED:
            raise ValueError(f"the rule {code} has two checks")
        REGISTERED[code] = Rule(facts=facts()[code], types=frozenset(types), check=check, schema=schema or {})
        return check

    return register
