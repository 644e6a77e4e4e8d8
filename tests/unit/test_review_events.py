"""A review from the engine's own events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.plan import Plan, PlanError
from ops.review import events
from ops.review.review import markdown, review
from tests.conftest import Plans

SUMMARY = {"summaryEvent": {"resourceChanges": {}}}


def step(op: str, plan: Plan, name: str, **more: Any) -> dict[str, Any]:
    resource = plan.resource(name=name)
    state = {"custom": True, "parent": resource.parent, "retainOnDelete": resource.retain_on_delete}
    sides = {"old": state, "new": None} if op == "delete" else {"old": None, "new": state}
    return {"resourcePreEvent": {"metadata": {"op": op, "urn": resource.urn, "type": resource.type, **sides, **more}}}


def test_the_engines_steps_are_the_changes(plans: Plans):
    prod = plans("prod")
    log = [
        step("same", prod, "network-vpc"),
        step("update", prod, "app-service", diffs=["desiredCount"]),
        step("replace", prod, "database-cluster", diffs=["kmsKeyId"], keys=["kmsKeyId"]),
        step("create-replacement", prod, "database-cluster"),
        step("delete-replaced", prod, "database-cluster"),
        step("delete", prod, "storage-archive-bucket"),
        step("delete", prod, "storage-images-bucket"),
        SUMMARY,
    ]
    found = review(prod, prod, engine=log)
    assert {(one.action, one.resource.name, one.component) for one in found.changes} == {
        ("update", "app-service", "app"),
        ("replace", "database-cluster", "database"),
        ("retain", "storage-archive-bucket", "storage"),
        ("delete", "storage-images-bucket", "storage"),
    }
    assert {one.resource.name for one in found.losses} == {"database-cluster", "storage-images-bucket"}
    assert "because of `kmsKeyId` — holds data" in markdown(found)


def test_a_child_of_another_packages_component_belongs_to_ours(plans: Plans):
    prod = plans("prod")
    parent = prod.resource(name="images-nginx-repository")
    urn = f"{parent.urn}$aws:ecr/repository:Repository::nginx"
    state = {"custom": True, "parent": parent.urn}
    metadata = {"op": "create", "urn": urn, "type": "aws:ecr/repository:Repository", "old": None, "new": state}
    [change] = events.changes([{"resourcePreEvent": {"metadata": metadata}}], prod, prod)
    assert (change.resource.name, change.component) == ("nginx", "images")


def test_components_and_providers_are_no_resources(plans: Plans):
    prod = plans("prod")
    provider, component = step("update", prod, "aws"), step("update", prod, "app")
    component["resourcePreEvent"]["metadata"]["new"]["custom"] = False
    assert events.changes([provider, component], prod, prod) == []


def test_a_log_is_read_line_by_line(tmp_path: Path):
    log = tmp_path / "events"
    log.write_text(json.dumps({"preludeEvent": {}}) + "\n" + json.dumps(SUMMARY) + "\n")
    assert len(events.read_log(log)) == 2


@pytest.mark.parametrize(("text", "says"), [("{\n", "line 1: not an event"), ("{}\n", "did not finish")])
def test_a_log_that_is_none_is_refused(text: str, says: str, tmp_path: Path):
    log = tmp_path / "events"
    log.write_text(text)
    with pytest.raises(PlanError, match=says):
        events.read_log(log)
