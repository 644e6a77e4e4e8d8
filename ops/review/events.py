"""Changes that the engine plans, from the event log of a preview: exact, where two plans only give an estimate.

`pulumi preview --event-log FILE` writes one event a line; the automation API gives the same.
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ops.plan import Plan, PlanError, PlannedResource
from ops.review.changes import Action, Change

ACTIONS: dict[str, Action] = {"create": "create", "update": "update", "replace": "replace", "delete": "delete"}
"""Steps that a review shows. `replace` covers its two halves, `create-replacement` and `delete-replaced`."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """The events of a log; PlanError names a line that is not one."""
    events = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise PlanError(f"{path}, line {number}: not an event of Pulumi's engine: {error}") from error
    if not any("summaryEvent" in event for event in events):
        raise PlanError(f"{path}: the preview did not finish; run it again")
    return events


def changes(events: Iterable[Mapping[str, Any]], base: Plan, head: Plan) -> list[Change]:
    """Every change of a resource that the engine planned, by component and name."""
    steps = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
    found = [_change(step, base, head) for step in steps if step["op"] in ACTIONS and _is_resource(step)]
    return sorted(found, key=lambda change: (change.component, change.resource.type, change.resource.name))


def _is_resource(step: Mapping[str, Any]) -> bool:
    state = step.get("new") or step.get("old") or {}
    return bool(state.get("custom")) and not step["type"].startswith("pulumi:")


def _change(step: Mapping[str, Any], base: Plan, head: Plan) -> Change:
    action = ACTIONS[step["op"]]
    plan = base if action == "delete" else head
    state = (step.get("old") if action == "delete" else step.get("new")) or {}
    known = plan.by_urn.get(step["urn"]) or _undeclared_changes(step, state)
    return Change(
        action="retain" if action == "delete" and state.get("retainOnDelete") else action,
        resource=known,
        component=_component(plan, known),
        properties=tuple(sorted(step.get("diffs") or ())),
        because=tuple(sorted(step.get("keys") or ())) if action == "replace" else (),
    )


def _undeclared_changes(step: Mapping[str, Any], state: Mapping[str, Any]) -> PlannedResource:
    """A resource that a plan does not contain: the child of another package's component."""
    name = step["urn"].rpartition("::")[2]
    return PlannedResource(urn=step["urn"], type=step["type"], name=name, parent=state.get("parent", ""))


def _component(plan: Plan, resource: PlannedResource) -> str:
    """The top-level component, also of a resource of which the plan contains only the parent."""
    owner = plan.by_urn.get(resource.parent)
    return plan.component_of(owner or resource).name
