"""`docs/controls.md`: each paragraph of the Security Rule, the rules that cite it, and who is responsible for the rest.

Joins `controls.yaml`, which lists the regulation, with the rules of the policy pack, the plans and the waivers. It only
reads the metadata of the rules; the pack checks whether a rule is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pulumi
import yaml

from ops.docs.document import documented_stacks, render
from ops.docs.matrix import PARTIES, Control, Matrix, Paragraph
from ops.plan import PROJECT, Plan, plan
from ops.review.policies import ALIASES, PRODUCTION, Rule, Waiver, rules, waivers

DATA = Path(__file__).parent / "controls.yaml"
TEMPLATE = Path(__file__).parent / "controls.md.j2"
DOCUMENT = PROJECT / "docs" / "controls.md"
WAIVERS = PROJECT / "policy" / "waivers.yaml"
TESTS = PROJECT / "tests" / "policy"

CREATED_TYPES = {"awsx:ecr:Repository": "aws:ecr/repository:Repository"}
"""Components of other packages, whose resources are in no plan, and the type of those that rules read."""


class ControlsError(pulumi.RunError):
    """The regulation, the rules and the responsibilities are inconsistent."""


def data() -> dict[str, Any]:
    """The content of `controls.yaml`."""
    return yaml.safe_load(DATA.read_text(encoding="utf-8"))


def matrix(
    plans: Mapping[str, Plan],
    known: Mapping[str, Rule],
    waived: Iterable[Waiver] = (),
    content: Mapping[str, Any] | None = None,
) -> Matrix:
    """Joins plans by stack, rules by code, waivers and the content of `controls.yaml`.

    ControlsError lists all inconsistencies.
    """
    content = content or data()
    all_waivers, tests = tuple(waived), _test_modules(known)
    result = Matrix(
        stacks=tuple(plans),
        sections={section["section"]: section["title"] for section in content["sections"]},
        paragraphs=tuple(
            _paragraph(section["section"], entry, known)
            for section in content["sections"]
            for entry in section["paragraphs"]
        ),
        controls=tuple(
            _control(rule, plans, [one for one in all_waivers if one.rule == code], tests.get(code, ""), content)
            for code, rule in sorted(known.items())
        ),
    )
    unknown = [code for code in content["process"] if code not in known or known[code].scope != "process"]
    if found := [*result.problems(), *(f"{code}: there is no such process" for code in unknown)]:
        raise ControlsError("\n".join(["The rules and ops/docs/controls.yaml do not fit together:", *found]))
    return result


def current() -> Matrix:
    """The matrix for the present program, stack files, rules and waivers."""
    return matrix({stack: plan(stack) for stack in documented_stacks()}, rules(), waivers(WAIVERS).entries)


def document(content: Matrix, template: Path = TEMPLATE) -> str:
    """The matrix as Markdown."""
    return render(template, {"matrix": content, "parties": PARTIES, "stacks": content.stacks}, {"cell": cell})


def cell(text: str) -> str:
    """Text escaped for a row of a table; in code, only bars are escaped."""
    plain = str.maketrans({"*": r"\*", "<": r"\<", "_": r"\_"})
    parts = text.replace("|", r"\|").split("`")
    return "`".join(part if position % 2 else part.translate(plain) for position, part in enumerate(parts))


def _paragraph(section: str, entry: Mapping[str, Any], known: Mapping[str, Rule]) -> Paragraph:
    citation = entry["citation"]
    cited = sorted(code for code, rule in known.items() if citation in rule.citations)
    return Paragraph(
        section=section,
        citation=citation,
        title=entry["title"],
        level=entry["level"],
        by=entry.get("by"),
        evidence=entry.get("evidence", ""),
        rules=tuple(code for code in cited if citation in known[code].hipaa),
        related=tuple(code for code in cited if citation not in known[code].hipaa),
        checked=tuple(code for code in cited if known[code].scope != "process"),
    )


def _control(
    rule: Rule, plans: Mapping[str, Plan], waived: Iterable[Waiver], test: str, content: Mapping[str, Any]
) -> Control:
    process = content["process"].get(rule.code, {})
    config = rule.sources.get("aws-config", ())
    return Control(
        code=rule.code,
        title=rule.title,
        scope=rule.scope,
        severity=rule.severity,
        citations=rule.citations,
        related=bool(rule.citations) and not rule.hipaa,
        resources={
            stack: _resources_by_component(plan, rule) if _applies(rule, stack) else None
            for stack, plan in plans.items()
        },
        waivers=tuple(waived),
        test=test,
        config=config,
        command="" if config else _command(rule, content["commands"]),
        by=process.get("by"),
        evidence=process.get("evidence", ""),
        runbook=process.get("runbook", ""),
    )


def _applies(rule: Rule, stack: str) -> bool:
    return not rule.production or any(fnmatchcase(stack, pattern) for pattern in PRODUCTION)


def _resources_by_component(plan: Plan, rule: Rule) -> dict[str, tuple[str, ...]]:
    """Names of the resources of the rule's types, by top-level component."""
    found: dict[str, list[str]] = {}
    for resource in plan.resources:
        kind = CREATED_TYPES.get(resource.type) or ALIASES.get(resource.type, resource.type)
        if kind in rule.types:
            found.setdefault(plan.component_of(resource).name, []).append(resource.name)
    return {component: tuple(sorted(found[component])) for component in sorted(found)}


def _command(rule: Rule, commands: Mapping[str, Mapping[str, str]]) -> str:
    by_type = (commands["types"][kind] for kind in rule.types if kind in commands["types"])
    return commands["rules"].get(rule.code) or next(by_type, "")


def _test_modules(codes: Iterable[str]) -> dict[str, str]:
    """The module with the cases of each rule; none for a rule that has no check yet."""
    modules = {path.name: path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("cases_*.py"))}
    return {code: name for code in codes for name, text in modules.items() if f'"{code}": ' in text}
