"""The parts of the controls matrix, and their consistency."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.review.policies import Waiver

By = Literal["university", "aws", "both", "none"]
Level = Literal["standard", "required", "addressable"]

PARTIES: dict[str, str] = {
    "university": "the university",
    "aws": "AWS under the BAA",
    "both": "the university, and AWS under the BAA",
}
LEVELS = ("standard", "required", "addressable")


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """A standard or an implementation specification. `rules` cite it by published rule sets, `related` by this pack's
    own choice; `checked` are those of both that a preview checks. `by` is None where no more is required.
    """

    section: str
    citation: str
    title: str
    level: Level
    by: By | None
    evidence: str
    rules: tuple[str, ...]
    related: tuple[str, ...]
    checked: tuple[str, ...]

    @property
    def answered(self) -> str:
        """Who is responsible, in words."""
        if self.by == "none":
            return "does not apply"
        pack = "the pack" if self.checked else ""
        party = PARTIES.get(self.by or "", "")
        return " with ".join(part for part in (pack, party) if part)


@dataclass(frozen=True, kw_only=True)
class Control:
    """A rule: the resources it reads in each stack, by component (None where it does not apply), its waivers and test,
    and its evidence after deployment: rules of AWS Config, or else a command. For a process: who is responsible, the
    evidence, and the runbook.
    """

    code: str
    title: str
    scope: str
    severity: str
    citations: tuple[str, ...]
    related: bool
    resources: Mapping[str, Mapping[str, tuple[str, ...]] | None]
    waivers: tuple[Waiver, ...]
    test: str
    config: tuple[str, ...]
    command: str
    by: By | None
    evidence: str
    runbook: str


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Everything, in the order of the regulation and of the codes. `sections`: titles by section."""

    stacks: tuple[str, ...]
    sections: Mapping[str, str]
    paragraphs: tuple[Paragraph, ...]
    controls: tuple[Control, ...]

    @property
    def waivers(self) -> list[Waiver]:
        """All waivers."""
        return [waiver for control in self.controls for waiver in control.waivers]

    def answers(self) -> Counter[str]:
        """Number of paragraphs by who is responsible."""
        return Counter(paragraph.answered for paragraph in self.paragraphs)

    def severities(self) -> Counter[tuple[str, str]]:
        """Number of rules by scope and severity."""
        return Counter((control.scope, control.severity) for control in self.controls)

    def problems(self) -> Iterator[str]:
        """Inconsistencies: unknown citations, and paragraphs or processes without a responsible party."""
        known = Counter(paragraph.citation for paragraph in self.paragraphs)
        yield from (f"{citation} is there {number} times" for citation, number in known.items() if number > 1)
        for paragraph in self.paragraphs:
            if not paragraph.citation.startswith(f"{paragraph.section}(") or paragraph.level not in LEVELS:
                yield f"{paragraph.citation}: not of {paragraph.section}, or {paragraph.level!r} is no level"
            if not (paragraph.by or paragraph.checked):
                yield f"{paragraph.citation}: no rule that a preview checks, and nobody answers for it"
            yield from _party(paragraph.citation, paragraph)
        for control in self.controls:
            missing = (citation for citation in control.citations if citation not in known)
            yield from (f"{control.code} cites {citation}, which is missing" for citation in missing)
            if control.scope == "process" and control.by not in PARTIES:
                yield f"{control.code}: a process, and nobody answers for it"
            if control.scope != "process" and not (control.config or control.command):
                yield f"{control.code}: nothing shows after deployment that it is kept"
            yield from _party(control.code, control)

    def to_json(self) -> dict[str, Any]:
        """The matrix as plain data."""
        paragraphs = [{**dataclasses.asdict(one), "answered": one.answered} for one in self.paragraphs]
        controls = [dataclasses.asdict(one) for one in self.controls]
        for waiver in (waiver for control in controls for waiver in control["waivers"]):
            waiver["expires"] = waiver["expires"].isoformat()
        return {"sections": dict(self.sections), "paragraphs": paragraphs, "rules": controls}


def _party(name: str, one: Paragraph | Control) -> Iterator[str]:
    if one.by not in {None, "none", *PARTIES} or bool(one.by) != bool(one.evidence):
        yield f"{name}: by is one of {', '.join(PARTIES)} or none, and has evidence; given: {one.by!r}"
