"""The review of a change, as one comment: what an update would do, and what that means for data, access and HIPAA."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from awsmodel.tables import replaces
from ops.cost import compare
from ops.plan import Plan, PlanError
from ops.plan.configuration import PROJECT
from ops.review import events
from ops.review.changes import Action, Change, changes
from ops.review.exposure import foreign_principals, openings, rights
from ops.review.policies import Verdict, verdict

LISTED = 40
"""Lines of a list before the rest is counted: a comment that nobody reads to the end protects nobody."""

SIGNS: dict[Action, str] = {"create": "+", "update": "~", "replace": "±", "delete": "-", "retain": "o"}
WORDS: dict[Action, str] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "retain": "left in AWS",
}


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a change does to a stack. `problem` says what blocks it, empty if nothing does."""

    stack: str
    changes: tuple[Change, ...]
    exposed: tuple[str, ...]
    policies: Verdict
    before: Verdict
    allowed: bool
    cost: compare.Change | None = None

    @property
    def losses(self) -> list[Change]:
        """Changes that would take data away."""
        return [change for change in self.changes if change.loses_data]

    @property
    def blocked(self) -> bool:
        """Whether data would go without anybody having allowed it."""
        return bool(self.losses) and not self.allowed


def review(
    base: Plan,
    head: Plan,
    *,
    engine: Iterable[Mapping[str, Any]] | None = None,
    allow_stateful: bool = False,
    cost: compare.Change | None = None,
) -> Review:
    """Compares two plans of one stack; with the `engine`'s events of a preview, its own changes take the place of
    those that the plans foresee. `cost` is shown if it is known.
    """
    planned = changes(base, head, replaces) if engine is None else events.changes(engine, base, head)
    return Review(
        stack=head.stack,
        changes=tuple(planned),
        exposed=tuple(_exposed(base, head)),
        policies=verdict(head),
        before=verdict(base),
        allowed=allow_stateful,
        cost=cost,
    )


def plan_at(reference: str, stack: str, folder: Path = PROJECT) -> Plan:
    """The plan of `stack` as the program was at a Git reference; PlanError says why there is none."""
    command = [shutil.which("git") or "git", "-C", str(folder), "archive", "--end-of-options", reference]
    archive = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if archive.returncode:
        raise PlanError(f"--base {reference}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as there:
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
            files.extractall(there, filter="data")
        command = [sys.executable, "-m", "ops", "plan", "--stack", stack, "--json"]
        done = subprocess.run(command, cwd=there, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise PlanError(f"--base {reference}: stack {stack} has no plan there: {done.stderr.strip()}")
    return Plan.from_json(json.loads(done.stdout))


def markdown(found: Review) -> str:
    """The comment. It begins with a marker by which a later one takes its place."""
    sections = [
        f"<!-- image-store-review:{found.stack} -->",
        f"## `{found.stack}`: {_summary(found)}",
        *_losses(found),
        *_changes(found),
        *_section("Access", found.exposed, "No way in, no right and no principal is new."),
        *_policies(found),
        *_cost(found),
    ]
    return "\n\n".join(sections) + "\n"


def _summary(found: Review) -> str:
    counts = Counter(change.action for change in found.changes)
    said = [f"{counts[action]} {word}" for action, word in WORDS.items() if counts[action]]
    return ", ".join(said) or "no resource changes"


def _losses(found: Review) -> Iterator[str]:
    if not found.losses:
        return
    yield (
        "> [!CAUTION]\n> **Data would be lost.** "
        + ("Allowed for this change." if found.allowed else "This blocks the change.")
        + "".join(f"\n> - 🟥 {_line(change)}" for change in found.losses)
    )


def _changes(found: Review) -> Iterator[str]:
    if not found.changes:
        return
    yield "### Resources"
    by_component: dict[str, list[Change]] = {}
    for change in found.changes:
        by_component.setdefault(change.component, []).append(change)
    for component, touched in by_component.items():
        yield f"**{component}**\n" + _listed(_line(change) for change in touched)


def _line(change: Change) -> str:
    kind = change.resource.type.split(":")[1].partition("/")[0] + "." + change.resource.type.rpartition(":")[2]
    why = f", because of {_names(change.because)}" if change.because else ""
    what = f" ({_names(change.properties)})" if change.properties and not change.because else ""
    data = " — holds data" if change.loses_data else ""
    return f"`{SIGNS[change.action]}` {WORDS[change.action]} `{change.resource.name}` {kind}{what}{why}{data}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _exposed(base: Plan, head: Plan) -> Iterator[str]:
    for opening in sorted(openings(head) - openings(base)):
        yield f"{'🟥 **public** ' if opening.public else ''}new way in: {opening}"
    for opening in sorted(openings(base) - openings(head)):
        yield f"closed: {opening}"
    for principal in sorted(foreign_principals(head) - foreign_principals(base)):
        yield f"🟥 **outside the account**: {principal}"
    for right in sorted(rights(head) - rights(base)):
        yield f"new right: {right}"
    for right in sorted(rights(base) - rights(head)):
        yield f"right taken away: {right}"


def _policies(found: Review) -> Iterator[str]:
    yield "### HIPAA policies"
    fixed = [line for line in found.before.violations if line not in found.policies.violations]
    lines = [
        *(f"🟥 {line}" for line in found.policies.violations),
        *(f"⚠️ {line}" for line in found.policies.advice),
        *(f"✅ no longer: {line}" for line in fixed),
    ]
    yield _listed(lines) if lines else f"All {found.policies.rules} rules are kept."
    if found.policies.waived:
        yield f"{len(found.policies.waived)} findings are waived:\n" + _listed(found.policies.waived)
    if touched := found.policies.citations({change.resource.type for change in found.changes}):
        yield f"Controls touched: 45 CFR {', '.join(touched)}."


def _cost(found: Review) -> Iterator[str]:
    if found.cost is not None:
        yield "### Cost"
        yield compare.markdown(found.cost)


def _section(title: str, lines: Iterable[str], otherwise: str) -> Iterator[str]:
    yield f"### {title}"
    yield _listed(lines) or otherwise


def _listed(lines: Iterable[str]) -> str:
    known = list(lines)
    more = f"\n- … and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return "\n".join(f"- {line}" for line in known[:LISTED]) + more
