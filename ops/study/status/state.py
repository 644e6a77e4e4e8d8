"""Where a study is on its way to the end, and the next command; it only reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops.study import phase, records
from ops.study.close import freeze
from ops.study.errors import StudyError
from ops.study.facts import EXPORT, Facts, now
from ops.study.teardown.archive import evidence
from ops.study.teardown.steps import Teardown

Found = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Status:
    """What is known. `verified` or `unverified`, why not; `objections` are to a teardown, now."""

    stack: str
    settings: str
    deployed: str | None
    freeze: Found | None
    verified: Found | None
    unverified: str | None
    teardown: Found | None
    objections: tuple[str, ...]
    next: str

    def to_json(self) -> dict[str, Any]:
        """As plain values, without the list of resources that a teardown records."""
        torn = {key: value for key, value in (self.teardown or {}).items() if key != "resources"} or None
        return {**vars(self), "teardown": torn, "objections": list(self.objections)}


def status(teardown: Teardown) -> Status:
    """The status of the stack that `teardown` is of; StudyError if neither engine nor AWS can be asked."""
    stack, outputs = teardown.stack, teardown.engine.outputs()
    gone = EXPORT not in outputs and not teardown.engine.resources()
    facts = Facts.of(teardown.declared(stack) if gone else outputs)
    clients = teardown.clients(facts.region)
    clients.check(facts)
    frozen = freeze.valid(facts, records.read(clients.s3, facts, records.FREEZE))
    torn = records.read(clients.s3, facts, records.TEARDOWN)
    deployed = None if gone else facts.phase
    verified, unverified = (None, None) if gone or frozen is None else _verified(teardown, outputs, frozen)
    objections = () if gone else tuple(teardown.objections())
    return Status(
        stack=stack,
        settings=phase.wanted(stack, teardown.folder),
        deployed=deployed,
        freeze=frozen,
        verified=verified,
        unverified=unverified,
        teardown=torn,
        objections=objections,
        next=following(stack, deployed, frozen=frozen, verified=verified, torn=torn),
    )


def following(
    stack: str, deployed: str | None, *, frozen: Found | None, verified: Found | None, torn: Found | None
) -> str:
    """The next command."""
    option = f"--stack {stack}"
    if deployed is None:
        proved = torn and torn.get("proved_at")
        return "nothing: the study has ended" if proved else f"python -m ops teardown {option}" if torn else "pulumi up"
    if deployed == "active" or frozen is None:
        return f"python -m ops close {option}"
    if deployed == "archived":
        return f"python -m ops teardown {option}"
    if verified is None:
        return f"python -m ops archive {option} && python -m ops verify {option}"
    return f"python -m ops close --archived {option}"


def _verified(teardown: Teardown, outputs: Mapping[str, Any], frozen: Found) -> tuple[Found | None, str | None]:
    try:
        found = evidence(teardown.archive, outputs, frozen, now=now())
    except StudyError as error:
        return None, str(error)
    at = found.verified_at
    return {"objects": found.objects, "bytes": found.bytes, "verified_at": at.isoformat(), "age_days": age(at)}, None


def age(moment: datetime) -> int:
    """Whole days since `moment`."""
    return (now() - moment).days
