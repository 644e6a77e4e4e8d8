"""The pack for Pulumi's engine: one policy per rule, with citation, severity, remedy and settings."""

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
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

import hipaa.checks  # noqa: F401  importing the checks registers them
from hipaa.cache import DecoderCache
from hipaa.evaluate import PRODUCTION, REGULATION, Result, applies, check_resource, check_stack
from hipaa.model import UNKNOWN, Resource, Stack
from hipaa.rule import REGISTERED, Rule
from hipaa.types import ALIASES
from hipaa.waivers import Waivers, load

NAME = "hipaa-aws"
WAIVERS = Path(__file__).parents[1] / "waivers.yaml"
WAIVERS_VARIABLE, PRODUCTION_VARIABLE = "HIPAA_WAIVERS", "HIPAA_PRODUCTION_STACKS"

ENFORCEMENT_LEVELS = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}
SEVERITIES = {"mandatory": Severity.HIGH, "advisory": Severity.LOW}


def policies() -> list[Policy]:
    """One policy per rule, and last the policy that checks the waivers: it needs the results of all others."""
    files = [Path(name) for name in os.environ.get(WAIVERS_VARIABLE, "").split(os.pathsep) if name]
    waivers = load(*files or [WAIVERS])
    production = tuple(filter(None, os.environ.get(PRODUCTION_VARIABLE, "").split(","))) or PRODUCTION
    known = sorted(REGISTERED.values(), key=lambda rule: rule.metadata.code)
    return [*(_policy(rule, waivers, production) for rule in known), _waiver_hygiene(waivers)]


def _policy(rule: Rule, waivers: Waivers, production: Sequence[str]) -> Policy:
    metadata = rule.metadata
    options: dict[str, Any] = {
        "name": metadata.id,
        "description": f"{metadata.code} {metadata.title}",
        "enforcement_level": ENFORCEMENT_LEVELS[metadata.severity],
        "config_schema": PolicyConfigSchema({key: dict(value) for key, value in rule.schema.items()}),
        "severity": SEVERITIES[metadata.severity],
        "framework": PolicyComplianceFramework(
            name="HIPAA Security Rule",
            version="45 CFR Part 164 Subpart C",
            reference="https://www.ecfr.gov/current/title-45/part-164/subpart-C",
            specification=", ".join(f"{REGULATION} {citation}" for citation in metadata.citations),
        ),
        "tags": ["hipaa", metadata.code],
        "remediation_steps": metadata.remedy,
    }

    def report_results(results: Iterator[Result], report: ReportViolation) -> None:
        for result in results:
            if applies(rule, result.resource.stack, production) and waivers.unwaived_violations([result]):
                report(result.message, result.resource.urn)

    if metadata.scope == "stack":

        def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
            report_results(check_stack(rule, stack(args), thresholds(args.get_config())), report)

        return StackValidationPolicy(validate=validate_stack, **options)

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if ALIASES.get(args.resource_type, args.resource_type) in rule.types:
            report_results(check_resource(rule, resource(args), thresholds(args.get_config())), report)

    return ResourceValidationPolicy(validate=validate, **options)


def _waiver_hygiene(waivers: Waivers) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if args.resources:
            for problem in waivers.problems(args.resources[0].urn.split("::")[0].removeprefix("urn:pulumi:")):
                report(problem, None)

    return StackValidationPolicy(
        name="waivers-in-order",
        description="Every waiver is needed and has not expired",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def thresholds(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings configured for a policy. The engine sends every number as a float; whole numbers become integers."""
    return {name: _to_int(value) for name, value in (config or {}).items()}


def _to_int(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_to_int(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def resource(args: ResourceValidationArgs) -> Resource:
    """A resource as the program declares it."""
    return _convert(args, args.opts.parent or "")


class _Stacks:
    """Caches the last stack, because stack policies run one after another on the same resources."""

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


def _stack_resource(args: PolicyResource) -> Resource:
    links = {key: tuple(each.urn for each in found) for key, found in args.property_dependencies.items()}
    return _convert(args, args.parent.urn if args.parent else "", links)


def _convert(
    args: ResourceValidationArgs | PolicyResource,
    parent: str,
    dependencies: Mapping[str, tuple[str, ...]] | None = None,
) -> Resource:
    return Resource(
        urn=args.urn,
        type=ALIASES.get(args.resource_type, args.resource_type),
        name=args.name,
        properties=to_plain(args.props),
        protect=bool(args.opts.protect),
        parent=parent,
        provider=args.provider.urn if args.provider else "",
        dependencies=dependencies or {},
    )


def _to_plain(value: Any) -> Any:
    """A copy without pulumi-policy's proxies, which raise an error on unknown values; UNKNOWN replaces those."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_item(value, position) for position in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return _to_plain(container[key])
    except UnknownValueError:
        return UNKNOWN


to_plain = DecoderCache(_to_plain)
"""Cached, because many policies read the same resource."""
