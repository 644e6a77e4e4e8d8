"""Runs the policy pack's rules on a plan, as `pulumi preview --policy-pack policy` does, but without an engine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.plan import PROJECT, Plan, PlannedResource
from ops.plan import UNKNOWN as UNKNOWN_IN_PLAN

sys.path.insert(0, str(PROJECT / "policy"))  # the pack is self-contained, not a package of this project

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
"""Types as the engine has them: a plan contains other packages' components, but not the resources they create."""

WAIVERS = PROJECT / "policy" / "waivers.yaml"
REFERENCE = re.compile(r"\$\{urn:[^}]*\}")


def stack_of(plan: Plan) -> Stack:
    """A plan as the pack sees a first preview: outputs of other resources are unknown."""
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
        properties=_mark_unknown(one.inputs),
        protect=one.protect,
        parent=one.parent,
        provider=one.provider if one.custom else _aws_provider(plan),
        dependencies={name: urns for name, urns in {**dependencies, **declared}.items() if urns},
    )


def _aws_provider(plan: Plan) -> str:
    """The program's provider, with which components of other packages create their resources."""
    return next((one.urn for one in plan.providers if one.type.endswith(":aws")), "")


def _mark_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mark_unknown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mark_unknown(item) for item in value]
    return UNKNOWN if isinstance(value, str) and (value == UNKNOWN_IN_PLAN or REFERENCE.search(value)) else value


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the pack reports about a plan, in sentences; `rules` is the number of rules that were run."""

    rules: int
    violations: tuple[str, ...]
    advice: tuple[str, ...]
    waived: tuple[str, ...]

    def citations(self, types: Iterable[str]) -> list[str]:
        """Paragraphs of 45 CFR that the rules for resources of these types cite."""
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
