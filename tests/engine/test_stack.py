"""The real program on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pulumi.automation import OpType

from ops.plan import program as planning
from rehearsal.stack.driver import Rehearsal

STACKS = ("dev", "prod")


def find(rehearsal: Rehearsal, name: str) -> dict[str, Any]:
    return next(one for one in rehearsal.resources() if one["urn"].endswith(f"::{name}"))


def secret_texts(rehearsal: Rehearsal) -> list[str]:
    """Passwords, and the private part of each private key, from a state with secrets in plain text."""
    found: list[str] = []
    for one in rehearsal.export_with_secrets():
        for key, value in one.get("outputs", {}).items():
            text = json.loads(value["plaintext"]) if isinstance(value, dict) and "plaintext" in value else value
            if key == "result" and one["type"].startswith("random:"):
                found.append(text)
            elif key.startswith("privateKeyPem"):
                found += text.splitlines()[1:3]  # the public part follows, which certificates contain too
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_the_very_first_preview_works_without_anything_in_the_cloud(
    fresh: Callable[..., Rehearsal], stack: str
) -> None:
    rehearsal = fresh(stack)
    preview = rehearsal.preview()
    assert set(preview.changes) == {OpType.CREATE}
    assert rehearsal.cloud() == []


@pytest.mark.parametrize("stack", STACKS)
def test_a_second_preview_shows_no_change(deployed: Callable[[str], Rehearsal], stack: str) -> None:
    deployed(stack).preview(expect_no_changes=True)


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_in_the_cloud_is_what_is_in_the_state(deployed: Callable[[str], Rehearsal], stack: str) -> None:
    rehearsal = deployed(stack)
    state = {one["urn"] for one in rehearsal.resources() if one["type"].startswith("aws:")}
    found = {found["urn"] for found in rehearsal.cloud()}
    assert {urn for urn in found if urn.startswith("urn:")} == state
    (made_by_aws,) = found - state
    assert made_by_aws.startswith("rds::rds!cluster-"), "only the master secret is created by RDS itself"


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_value_is_in_the_state_or_in_the_cloud(deployed: Callable[[str], Rehearsal], stack: str) -> None:
    rehearsal = deployed(stack)
    secrets = secret_texts(rehearsal)
    assert len(secrets) >= 2 + 3 * 2, "two passwords and three keys at least, or the search looks for nothing"
    state = json.dumps(rehearsal.resources())
    cloud = "".join(path.read_text() for path in rehearsal.workspace.cloud.rglob("*.json"))
    planned = json.dumps(planning.plan(stack).to_json())
    for where, text in (("exported state", state), ("cloud", cloud), ("plan", planned)):
        assert not [secret[:4] for secret in secrets if secret in text], f"a secret is readable in the {where}"


def test_the_task_definition_keeps_the_study_s_container_contract(deployed: Callable[[str], Rehearsal]) -> None:
    (container,) = json.loads(find(deployed("prod"), "app-task")["outputs"]["containerDefinitions"])
    environment = {entry["name"]: entry["value"] for entry in container["environment"]}
    secrets = {entry["name"]: entry["valueFrom"] for entry in container["secrets"]}
    assert (environment["DICOM_AET"], environment["DICOM_PORT"]) == ("MASTERBUILDER", "104")
    assert ":secret:octank-prod/mb-db-user-" in secrets["PG_USER"]
    assert ":secret:octank-prod/mb-db-password-" in secrets["PG_PASSWORD"]


def test_a_protected_stack_is_not_destroyed(deployed: Callable[[str], Rehearsal]) -> None:
    rehearsal = deployed("prod")
    before = rehearsal.cloud()
    refused = rehearsal.destroy(check=False)
    assert refused.exit_code != 0
    assert "protect" in refused.message
    assert {one["urn"] for one in before} == {one["urn"] for one in rehearsal.cloud()}, (
        "resources were deleted all the same"
    )


def test_an_immutable_property_shows_a_replacement(fresh: Callable[..., Rehearsal]) -> None:
    rehearsal = fresh("dev")
    rehearsal.up()
    rehearsal.configure({"image-store:network": {"cidr": "10.40.0.0/20"}})
    preview = rehearsal.preview(check=False)
    replaced = {step.urn.rpartition("::")[2] for step in preview.steps if step.op == OpType.REPLACE}
    assert {"network-vpc", "network-app-a"} <= replaced


def test_the_replacement_of_a_protected_resource_is_refused(fresh: Callable[..., Rehearsal]) -> None:
    rehearsal = fresh("dev")
    rehearsal.up()
    # The cluster's subnet group is replaced with its VPC, and a cluster can't change its group.
    rehearsal.configure({"image-store:study": {"id": "renamed"}})
    refused = rehearsal.preview(check=False)
    assert refused.exit_code != 0
    assert "protect" in refused.message


def test_settings_that_break_rules_stop_the_engine_before_the_first_resource(fresh: Callable[..., Rehearsal]) -> None:
    rehearsal = fresh("dev", config={"image-store:network": {"cidr": "10.20.0.0/28"}, "image-store:typo": "x"})
    refused = rehearsal.up(check=False)
    assert refused.exit_code != 0
    assert "image-store:network.cidr" in refused.message
    assert "image-store:typo" in refused.message
    assert "Traceback" not in refused.message
    assert rehearsal.cloud() == []
