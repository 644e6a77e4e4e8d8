"""The policy pack's rules on a plan: what `pulumi preview --policy-pack policy` would say, without an engine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.plan import Plan, PlannedResource, wire
from ops.plan.configuration import PROJECT

sys.path.insert(0, str(PROJECT / "policy"))  # the pack stands on its own and is no package of this project

import hipaa.checks  # noqa: F401  importing the checks registers them
from hipaa.evaluate import PRODUCTION, Result, evaluate
from hipaa.model import UNKNOWN, Resource, Stack
from hipaa.rule import REGISTERED
from hipaa.rule import RuleMetadata as Rule
from hipaa.rule import rule_metadata as rules
from hipaa.types import ALIASES, REPOSITORY
from hipaa.waivers import Waiver
from hipaa.waivers import load as waivers

__all__ = ["ALIASES", "PRODUCTION", "Rule", "Verdict", "Waiver", "rules", "stack_of", "verdict", "waivers"]

IN_THE_ENGINE = ALIASES | {"awsx:ecr:Repository": REPOSITORY}
"""A component of another package is only itself in a plan; the engine also sees the resource it makes of its inputs."""

WAIVERS = PROJECT / "policy" / "waivers.yaml"
REFERENCE = re.compile(r"\$\{urn:[^}]*\}")


def stack_of(plan: Plan) -> Stack:
    """A plan as the pack sees a first preview: whatever another resource has yet to say is unknown."""
    seen = [one for one in plan.resources if one.custom or one.type in IN_THE_ENGINE]
    return Stack(resources=tuple(_resource(plan, one) for one in seen))


def _resource(plan: Plan, one: PlannedResource) -> Resource:
    dependencies = {
        name: tuple(dict.fromkeys(reference.urn for reference in plan.references(value)))
        for name, value in one.inputs.items()
    }
    declared = {name: tuple(urns) for name, urns in one.property_dependencies.items()}
    return Resource(
        urn=one.urn,
        type=IN_THE_ENGINE.get(one.type, one.type),
        name=one.name,
        properties=_unknown(one.inputs),
        protect=one.protect,
        parent=one.parent,
        provider=one.provider if one.custom else _own_provider(plan),
        dependencies={name: urns for name, urns in {**dependencies, **declared}.items() if urns},
    )


def _own_provider(plan: Plan) -> str:
    """What a component of another package makes, it makes with the program's provider."""
    return next((one.urn for one in plan.providers if one.type.endswith(":aws")), "")


def _unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unknown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unknown(item) for item in value]
    return UNKNOWN if isinstance(value, str) and (value == wire.UNKNOWN or REFERENCE.search(value)) else value


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the pack says of a plan, in sentences; `rules` is how many it asked."""

    rules: int
    violations: tuple[str, ...]
    advice: tuple[str, ...]
    waived: tuple[str, ...]

    def citations(self, types: Iterable[str]) -> list[str]:
        """Paragraphs of 45 CFR that rules for resources of these types stand for."""
        wanted = set(types)
        return sorted(
            {cited for rule in REGISTERED.values() if rule.types & wanted for cited in rule.metadata.citations}
        )


def verdict(plan: Plan, *files: Path) -> Verdict:
    """Every rule on a plan, with the project's waivers or those of the files."""
    known = waivers(*files or (WAIVERS,))
    findings = evaluate(REGISTERED.values(), stack_of(plan))
    waived = {id(one): waiver for one in findings if (waiver := known.waive(one))}
    results = [one for one in findings if one.is_violation]
    unwaived = [one for one in results if id(one) not in waived]
    mandatory = [one for one in unwaived if one.metadata.severity == "mandatory"]
    return Verdict(
        rules=len(REGISTERED),
        violations=(*map(_format_result, mandatory), *known.problems(plan.stack)),
        advice=tuple(_format_result(one) for one in unwaived if one not in mandatory),
        waived=tuple(
            f"{one.metadata.code} `{one.resource.name}`, until {waived[id(one)].expires}: {waived[id(one)].reason}"
            for one in results
            if id(one) in waived
        ),
    )


def _format_result(result: Result) -> str:
    return f"`{result.resource.name}` {result.message}"
