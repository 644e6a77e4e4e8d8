"""How far the end of a study is, and the next command. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.study import phase, records
from ops.study.close import freeze
from ops.study.errors import StudyError
from ops.study.outputs import EXPORT, Exports, StudyOutputs
from ops.study.records import Record
from ops.study.teardown.steps import Teardown
from ops.study.verify.evidence import require_evidence


@dataclass(frozen=True, kw_only=True)
class Status:
    """`settings`, `deployed`: the phases. `unverified`: why the archive is not verified. `blockers`: of a teardown."""

    stack: str
    settings: str
    deployed: str | None
    freeze: Record | None
    verified: Record | None
    unverified: str | None
    teardown: Record | None
    blockers: tuple[str, ...]
    next: str

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values, without the teardown's list of resources."""
        teardown = {key: value for key, value in (self.teardown or {}).items() if key != "resources"} or None
        return {**vars(self), "teardown": teardown, "blockers": list(self.blockers)}


def read_status(teardown: Teardown) -> Status:
    """The status of the teardown's stack; StudyError if neither engine nor AWS answers."""
    stack, exports = teardown.stack, teardown.engine.outputs()
    gone = EXPORT not in exports and not teardown.engine.resources()
    outputs = StudyOutputs.from_exports(teardown.planned_exports(stack) if gone else exports)
    clients = teardown.clients(outputs.region)
    clients.check_account(outputs)
    frozen = freeze.read_record(clients, outputs)
    torn_down = records.read(clients.s3, outputs, records.TEARDOWN)
    deployed = None if gone else outputs.phase
    verified, unverified = (None, None) if gone or frozen is None else _verification(teardown, exports, frozen)
    blockers = () if gone else tuple(teardown.find_blockers())
    return Status(
        stack=stack,
        settings=phase.configured_phase(stack, teardown.folder),
        deployed=deployed,
        freeze=frozen,
        verified=verified,
        unverified=unverified,
        teardown=torn_down,
        blockers=blockers,
        next=next_command(stack, deployed, frozen=frozen, verified=verified, torn_down=torn_down),
    )


def next_command(
    stack: str,
    deployed: str | None,
    *,
    frozen: Record | None,
    verified: Record | None,
    torn_down: Record | None,
) -> str:
    """The command to run next."""
    option = f"--stack {stack}"
    if deployed is None:
        if torn_down is None:
            return "pulumi up"
        return "nothing: the study has ended" if torn_down.get("proved_at") else f"python -m ops teardown {option}"
    if deployed == "active" or frozen is None:
        return f"python -m ops close {option}"
    if deployed == "archived":
        return f"python -m ops teardown {option}"
    if verified is None:
        return f"python -m ops archive {option} && python -m ops verify {option}"
    return f"python -m ops close --archived {option}"


def _verification(teardown: Teardown, exports: Exports, frozen: Record) -> tuple[Record | None, str | None]:
    """The verification, or why there is none."""
    try:
        found = require_evidence(teardown.archive, exports, frozen, now=datetime.now(UTC))
    except StudyError as error:
        return None, str(error)
    at = found.verified_at
    return {
        "objects": found.objects,
        "bytes": found.bytes,
        "verified_at": at.isoformat(),
        "age_days": days_since(at),
    }, None


def days_since(moment: datetime) -> int:
    """Whole days since `moment`."""
    return (datetime.now(UTC) - moment).days
