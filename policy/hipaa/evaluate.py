"""Applies rules to resources and stacks. Independent of Pulumi's engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

from hipaa.model import Finding, Resource, ResourceCheck, Settings, Stack, StackCheck, Violation
from hipaa.rule import Rule, RuleMetadata

PRODUCTION = ("prod", "prod-*", "production", "*-prod", "*/prod")
"""Default name patterns of production stacks."""

REGULATION = "45 CFR"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One finding of one rule on one resource.

    `is_violation` is also true for an undecided finding if the rule fails on unknown values.
    """

    metadata: RuleMetadata
    resource: Resource
    finding: Finding
    is_violation: bool

    @property
    def message(self) -> str:
        """The violation, the citation and the remedy."""
        found = self.finding
        what = found.message if isinstance(found, Violation) else "it depends on a value that is not known yet"
        where = f"{found.path}: " if found.path else ""
        cited = f" [{REGULATION} {', '.join(self.metadata.citations)}]" if self.metadata.citations else ""
        return f"{self.metadata.code}: {where}{what}.{cited} Remedy: {self.metadata.remedy}"


def applies(rule: Rule, stack: str, production: Iterable[str] = PRODUCTION) -> bool:
    """Whether the rule applies to the stack: some rules apply to production stacks only."""
    return not rule.metadata.production or any(fnmatchcase(stack, pattern) for pattern in production)


def check_resource(rule: Rule, resource: Resource, settings: Settings | None = None) -> Iterator[Result]:
    """Results of a resource rule on a resource; none for a type that the rule does not read."""
    if resource.type in rule.types:
        for finding in cast(ResourceCheck, rule.check)(resource, {**rule.defaults, **(settings or {})}):
            yield _result(rule, resource, finding)


def check_stack(rule: Rule, stack: Stack, settings: Settings | None = None) -> Iterator[Result]:
    """Results of a stack rule on a stack."""
    for resource, finding in cast(StackCheck, rule.check)(stack, {**rule.defaults, **(settings or {})}):
        yield _result(rule, resource, finding)


def evaluate(
    rules: Iterable[Rule],
    stack: Stack,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    production: Iterable[str] = PRODUCTION,
) -> list[Result]:
    """Results of all rules on a stack, in the order of the rules; `settings` are keyed by rule code."""
    patterns = tuple(production)
    found: list[Result] = []
    for rule in rules:
        chosen = (settings or {}).get(rule.metadata.code)
        if rule.metadata.scope == "stack":
            found += [
                result for result in check_stack(rule, stack, chosen) if applies(rule, result.resource.stack, patterns)
            ]
        else:
            for resource in stack.of(rule.types):
                if applies(rule, resource.stack, patterns):
                    found += check_resource(rule, resource, chosen)
    return found


def _result(rule: Rule, resource: Resource, finding: Finding) -> Result:
    is_violation = isinstance(finding, Violation) or rule.metadata.unknown == "fails"
    return Result(metadata=rule.metadata, resource=resource, finding=finding, is_violation=is_violation)
