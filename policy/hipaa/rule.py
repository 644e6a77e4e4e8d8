"""A rule: what the Security Rule asks for, how it is checked, and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from hipaa.model import ResourceCheck, StackCheck

RULES = Path(__file__).with_name("rules")
"""One YAML file per area."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is five times as fast

Severity = Literal["mandatory", "advisory"]


@dataclass(frozen=True, kw_only=True)
class RuleMetadata:
    """A rule's entry in its YAML file. `code` is its short name, `id` the policy's name.

    `hipaa` are citations from published rule sets; `related` are this pack's own where those have none. `unknown` says
    whether a value that a preview does not know `passes` or `fails`, and `why` gives the reason. `production` restricts
    the rule to production stacks.
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
    """A rule that a preview can check. `types` are the type tokens that it reads; a resource check sees only those.

    `schema` is the JSON schema of each setting, with a default.
    """

    metadata: RuleMetadata
    types: frozenset[str]
    check: ResourceCheck | StackCheck
    schema: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        """The settings if nothing is configured."""
        return {name: described["default"] for name, described in self.schema.items()}


@cache
def rule_metadata() -> dict[str, RuleMetadata]:
    """The metadata of all rules by code."""
    files = [yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER) for path in sorted(RULES.glob("*.yaml"))]  # noqa: S506
    return {entry["code"]: _parse_metadata(entry) for file in files for entry in file["rules"]}


def _parse_metadata(entry: dict[str, Any]) -> RuleMetadata:
    lists = {key: tuple(entry.get(key, ())) for key in ("hipaa", "related", "types")}
    sources = {name: tuple(ids) for name, ids in entry.get("sources", {}).items()}
    known: dict[str, Any] = {**entry, **lists, "sources": sources}
    return RuleMetadata(**known)


REGISTERED: dict[str, Rule] = {}
"""Rules with a check, by code; importing `hipaa.checks` fills it."""


def rule(
    code: str, *types: str, schema: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that registers a function as the check of the rule `code`; ValueError if the rule has one already.

    The function gets the resource, or the stack for a stack rule, and the rule's settings.
    """

    def register(check: Callable[..., Any]) -> Callable[..., Any]:
        if code in REGISTERED:
            raise ValueError(f"the rule {code} has two checks")
        REGISTERED[code] = Rule(
            metadata=rule_metadata()[code], types=frozenset(types), check=check, schema=schema or {}
        )
        return check

    return register
