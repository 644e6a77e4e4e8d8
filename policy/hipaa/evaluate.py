"""Rules applied to resources: what is broken, where, and what a preview cannot tell. Knows nothing of any engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

from hipaa.model import Finding, Resource, ResourceCheck, Settings, Stack, StackCheck, Violation
from hipaa.rule import Facts, Rule

PRODUCTION = ("prod", "prod-*", "production", "*-prod", "*/prod")
"""Stack names, as patterns, that count as production unless the pack is configured otherwise."""

REGULATION = "45 CFR"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One finding of one rule on one resource. `broken`: a violation, or unknown under a rule that fails then."""

    facts: Facts
    resource: Resource
    finding: Finding
    broken: bool

    @property
    def message(self) -> str:
        """What is wrong, the citation, and what to do."""
        found = self.finding
        what = found.message if isinstance(found, Violation) else "it depends on a value that is not known yet"
        where = f"{found.path}: " if found.path else ""
        cited = f" [{REGULATION} {', '.join(self.facts.citations)}]" if self.facts.citations else ""
        return f"{self.facts.code}: {where}{what}.{cited} Remedy: {self.facts.remedy}"


def applies(rule: Rule, stack: str, production: Iterable[str] = PRODUCTION) -> bool:
    """Whether the rule holds in the stack: some hold in production alone."""
    return not rule.facts.production or any(fnmatchcase(stack, pattern) for pattern in production)


def on_resource(rule: Rule, resource: Resource, settings: Settings | None = None) -> Iterator[Result]:
    """What a resource rule finds on a resource; nothing on a type that it does not read."""
    if resource.type in rule.types:
        for finding in cast(ResourceCheck, rule.check)(resource, {**rule.defaults, **(settings or {})}):
            yield _result(rule, resource, finding)


def on_stack(rule: Rule, stack: Stack, settings: Settings | None = None) -> Iterator[Result]:
    """What a stack rule finds in a stack."""
    for resource, finding in cast(StackCheck, rule.check)(stack, {**rule.defaults, **(settings or {})}):
        yield _result(rule, resource, finding)


def everything(
    rules: Iterable[Rule],
    stack: Stack,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    production: Iterable[str] = PRODUCTION,
) -> list[Result]:
    """What all rules find, in the order of the rules; `settings` by code."""
    patterns = tuple(production)
    found: list[Result] = []
    for rule in rules:
        chosen = (settings or {}).get(rule.facts.code)
        if rule.facts.scope == "stack":
            found += [one for one in on_stack(rule, stack, chosen) if applies(rule, one.resource.stack, patterns)]
        else:
            for resource in stack.of(rule.types):
                if applies(rule, resource.stack, patterns):
                    found += on_resource(rule, resource, chosen)
    return found


def _result(rule: Rule, resource: Resource, finding: Finding) -> Result:
    broken = isinstance(finding, Violation) or rule.facts.unknown == "fails"
    return Result(facts=rule.facts, resource=resource, finding=finding, broken=broken)
