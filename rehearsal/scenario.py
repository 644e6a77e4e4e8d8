"""The life of a stack: deploy, no change, one change in place, and all of the end of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pulumi.automation.events import OpType

from rehearsal import ending
from rehearsal.driver import Rehearsal
from rehearsal.operations import Watcher, short
from rehearsal.record import Record, RehearsalFailed, Step, described

TIER, LARGEST = "image-store:web", "max"


def deploy(rehearsal: Rehearsal, record: Record, watcher: Watcher) -> str:
    """`up` from nothing, with the policy pack."""
    record.up = rehearsal.up(watcher=watcher)
    record.deployed = rehearsal.resources()
    return described(record.up)


def preview_again(rehearsal: Rehearsal, _record: Record, watcher: Watcher) -> str:
    """A preview right after must find nothing to do."""
    return described(rehearsal.preview(expect_no_changes=True, watcher=watcher))


def change_in_place(rehearsal: Rehearsal, record: Record, watcher: Watcher) -> str:
    """One setting raised: resources are updated, none is replaced, created or deleted."""
    largest = _setting(rehearsal, TIER)[LARGEST] + 1
    rehearsal.configure({TIER: {LARGEST: largest}})
    record.update = rehearsal.up(watcher=watcher)
    if set(record.update.changes) != {OpType.UPDATE}:
        steps = ", ".join(f"{step.op.value} {short(step.urn)}" for step in record.update.steps)
        raise RehearsalFailed(f"{TIER} {LARGEST}: {largest} must update in place, and did: {steps or 'nothing'}")
    return f"{TIER} {LARGEST} = {largest}: {described(record.update)}"


STEPS: Mapping[str, Step] = {
    "up": deploy,
    "preview, no changes": preview_again,
    "update in place": change_in_place,
    **ending.STEPS,
}


def _setting(rehearsal: Rehearsal, key: str) -> dict[str, Any]:
    path = rehearsal.workspace.project / f"Pulumi.{rehearsal.stack}.yaml"
    return yaml.safe_load(path.read_text())["config"][key]
