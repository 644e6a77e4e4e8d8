"""The steps in order: deploy, preview without changes, one change in place, and the end of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pulumi.automation.events import OpType

from rehearsal.scenario import study_end
from rehearsal.scenario.record import Record, RehearsalError, Step, format_counts
from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.operations import Watcher, short_name

TIER, MAXIMUM = "image-store:web", "max"


def deploy(rehearsal: Rehearsal, record: Record, watcher: Watcher) -> str:
    """Deploy into an empty cloud, with the policy pack."""
    record.up = rehearsal.up(watcher=watcher)
    record.deployed = rehearsal.resources()
    return format_counts(record.up)


def preview_again(rehearsal: Rehearsal, _record: Record, watcher: Watcher) -> str:
    """Preview right after: it must find no changes."""
    return format_counts(rehearsal.preview(expect_no_changes=True, watcher=watcher))


def change_in_place(rehearsal: Rehearsal, record: Record, watcher: Watcher) -> str:
    """Raise one setting: resources are updated, and none is replaced, created or deleted."""
    maximum = _setting(rehearsal, TIER)[MAXIMUM] + 1
    rehearsal.configure({TIER: {MAXIMUM: maximum}})
    record.update = rehearsal.up(watcher=watcher)
    if set(record.update.changes) != {OpType.UPDATE}:
        steps = ", ".join(f"{step.op.value} {short_name(step.urn)}" for step in record.update.steps)
        raise RehearsalError(
            f"{TIER} {MAXIMUM}: {maximum} must only update resources in place, but did: {steps or 'nothing'}"
        )
    return f"{TIER} {MAXIMUM} = {maximum}: {format_counts(record.update)}"


STEPS: Mapping[str, Step] = {
    "up": deploy,
    "preview, no changes": preview_again,
    "update in place": change_in_place,
    **study_end.STEPS,
}


def _setting(rehearsal: Rehearsal, key: str) -> dict[str, Any]:
    path = rehearsal.workspace.project / f"Pulumi.{rehearsal.stack}.yaml"
    return yaml.safe_load(path.read_text())["config"][key]
