"""The pack as Pulumi's engine sees it: one policy a rule, with its citation, severity, remedy and thresholds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

import hipaa.checks  # noqa: F401  importing the checks registers them
from hipaa.evaluate import PRODUCTION, REGULATION, Result, applies, on_resource, on_stack
from hipaa.model import UNKNOWN, Resource, Stack
from hipaa.once import Once
from hipaa.rule import REGISTERED, Rule
from hipaa.types import ALIASES
from hipaa.waivers import Waivers, load

NAME = "hipaa-aws"
WAIVERS = Path(__file__).parents[1] / "waivers.yaml"
WAIVERS_VARIABLE, PRODUCTION_VARIABLE = "HIPAA_WAIVERS", "HIPAA_PRODUCTION_STACKS"

ENFORCEMENT = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}
SEVERITY = {"mandatory": Severity.HIGH, "advisory": Severity.LOW}


def policies() -> list[Policy]:
    """One policy for each rule, and the one that keeps the waivers honest, which has to come last."""
    files = [Path(name) for name in os.environ.get(WAIVERS_VARIABLE, "").split(os.pathsep) if name]
    waivers = load(*files or [WAIVERS])
    production = tuple(filter(None, os.environ.get(PRODUCTION_VARIABLE, "").split(","))) or PRODUCTION
    known = sorted(REGISTERED.values(), key=lambda rule: rule.facts.code)
    return [*(_policy(rule, waivers, production) for rule in known), _honesty(waivers)]


def _policy(rule: Rule, waivers: Waivers, production: Sequence[str]) -> Policy:
    facts = rule.facts
    described: dict[str, Any] = {
        "name": facts.id,
        "description": f"{facts.code} {facts.title}",
        "enforcement_level": ENFORCEMENT[facts.severity],
        "config_schema": PolicyConfigSchema({key: dict(value) for key, value in rule.schema.items()}),
        "severity": SEVERITY[facts.severity],
        "framework": PolicyComplianceFramework(
            name="HIPAA Security Rule",
            version="45 CFR Part 164 Subpart C",
            reference="https://www.ecfr.gov/current/title-45/part-164/subpart-C",
            specification=", ".join(f"{REGULATION} {citation}" for citation in facts.citations),
        ),
        "tags": ["hipaa", facts.code],
        "remediation_steps": facts.remedy,
    }

    def told(results: Iterator[Result], report: ReportViolation) -> None:
        for result in results:
            if applies(rule, result.resource.stack, production) and waivers.standing([result]):
                report(f"{result.message}{waivers.hint(result)}", result.resource.urn)

    if facts.scope == "stack":

        def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
            told(on_stack(rule, stack(args), thresholds(args.get_config())), report)

        return StackValidationPolicy(validate=validate_stack, **described)

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if ALIASES.get(args.resource_type, args.resource_type) in rule.types:
            told(on_resource(rule, resource(args), thresholds(args.get_config())), report)

    return ResourceValidationPolicy(validate=validate, **described)


def _honesty(waivers: Waivers) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if args.resources:
            for problem in waivers.problems(args.resources[0].urn.split("::")[0].removeprefix("urn:pulumi:")):
                report(problem, None)

    return StackValidationPolicy(
        name="waivers-in-order",
        description="Every waiver excuses something, and none is over",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def thresholds(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is configured for a policy. The engine sends every number as a float; messages speak of 365 days."""
    return {name: _whole(value) for name, value in (config or {}).items()}


def _whole(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def resource(args: ResourceValidationArgs) -> Resource:
    """A resource as the program declares it."""
    return Resource(
        urn=args.urn,
        type=ALIASES.get(args.resource_type, args.resource_type),
        name=args.name,
        properties=plain(args.props),
        protect=bool(args.opts.protect),
        parent=args.opts.parent or "",
        provider=args.provider.urn if args.provider else "",
    )


class _Stacks:
    """The last stack, shared by the policies that ask about it one after the other; `once` makes it the same."""

    def __init__(self) -> None:
        self._key: tuple[int, ...] = ()
        self._stack = Stack(resources=())

    def __call__(self, args: StackValidationArgs) -> Stack:
        """All resources of the stack, as the engine knows them after the program has run."""
        key = tuple(id(each.props) for each in args.resources)
        if key != self._key:
            self._key, self._stack = key, Stack(resources=tuple(_stack_resource(each) for each in args.resources))
        return self._stack


stack: Callable[[StackValidationArgs], Stack] = _Stacks()


def _stack_resource(one: Any) -> Resource:
    links = {key: tuple(each.urn for each in found) for key, found in one.property_dependencies.items()}
    return Resource(
        urn=one.urn,
        type=ALIASES.get(one.resource_type, one.resource_type),
        name=one.name,
        properties=plain(one.props),
        protect=bool(one.opts.protect),
        parent=one.parent.urn if one.parent else "",
        provider=one.provider.urn if one.provider else "",
        dependencies=links,
    )


def _plain(value: Any) -> Any:
    """Values without pulumi-policy's proxies, which raise at what is unknown; `UNKNOWN` stands there instead."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_item(value, position) for position in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return _plain(container[key])
    except UnknownValueError:
        return UNKNOWN


plain = Once(_plain)
"""Shared by the policies that look at the same resource one after the other."""
