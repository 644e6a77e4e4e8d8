"""The life of a stack: deploy, no change, one change in place, protection lifted, destroy, nothing left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from pulumi.automation.events import OpType

from rehearsal.driver import Rehearsal
from rehearsal.operations import Result, Watcher, short

TIER, LARGEST = "image-store:web", "max"
CLOSING = {"image-store:phase": "closing"}
WAIVERS = ("policy/waivers.yaml", "policy/waivers-closing.yaml")

Resources = list[dict[str, Any]]


class RehearsalFailed(RuntimeError):
    """The engine was content, but what it did is not what this project promises."""


@dataclass
class Record:
    """What the rehearsal has seen so far."""

    deployed: Resources = field(default_factory=list)
    up: Result | None = None
    update: Result | None = None
    retained: list[str] = field(default_factory=list)


Step = Callable[[Rehearsal, Record, Watcher], str]


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


def lift_protection(rehearsal: Rehearsal, record: Record, watcher: Watcher) -> str:
    """Phase `closing`: nothing stays protected in Pulumi."""
    rehearsal.configure(CLOSING)
    rehearsal.env["HIPAA_WAIVERS"] = os.pathsep.join(str(rehearsal.workspace.program / name) for name in WAIVERS)
    result = rehearsal.up(watcher=watcher)
    record.deployed = rehearsal.resources()
    protected = [short(resource["urn"]) for resource in record.deployed if resource.get("protect")]
    if protected:
        raise RehearsalFailed(f"still protected in phase closing: {', '.join(protected)}")
    return described(result)


def tear_down(rehearsal: Rehearsal, _record: Record, watcher: Watcher) -> str:
    """`destroy`."""
    return described(rehearsal.destroy(watcher=watcher))


def nothing_left(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """No resource in the state, and none in the cloud but those the program retains on delete."""
    left = rehearsal.resources()
    if left:
        raise RehearsalFailed(f"left in the state: {', '.join(short(resource['urn']) for resource in left)}")
    found = [entry["urn"] for entry in rehearsal.cloud()]
    forgotten = sorted(set(found) - retained_urns(record.deployed))
    if forgotten:
        raise RehearsalFailed(f"left in the cloud, though not retained: {', '.join(map(short, forgotten))}")
    record.retained = sorted(map(short, found))
    return f"0 in the state, {len(found)} in the cloud" + (" (retained on purpose)" if found else "")


STEPS: Mapping[str, Step] = {
    "up": deploy,
    "preview, no changes": preview_again,
    "update in place": change_in_place,
    "lift protection": lift_protection,
    "destroy": tear_down,
    "nothing left": nothing_left,
}


def retained_urns(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """Resources that `destroy` leaves in the cloud."""
    return {resource["urn"] for resource in resources if resource.get("retainOnDelete")}


def described(result: Result) -> str:
    """`153 created, 2 updated`."""
    words = {OpType.CREATE: "created", OpType.UPDATE: "updated", OpType.DELETE: "deleted", OpType.SAME: "unchanged"}
    return ", ".join(f"{number} {words.get(operation, operation.value)}" for operation, number in result.counts.items())


def _setting(rehearsal: Rehearsal, key: str) -> dict[str, Any]:
    path = rehearsal.workspace.project / f"Pulumi.{rehearsal.stack}.yaml"
    return yaml.safe_load(path.read_text())["config"][key]
