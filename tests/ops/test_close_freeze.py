"""Closing a study refuses images, proves that nothing changes, and records it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ops.study.close import policies
from ops.study.engine import Watcher
from ops.study.errors import Refused, StudyError
from ops.study.outputs import StudyOutputs
from tests.ops.study_world import ACCOUNT, STACK, Killed, World, open_world

BUCKET, ROLE = f"octank-dev-images-{ACCOUNT}", "octank-dev-app-run"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with open_world(tmp_path, monkeypatch) as made:
        yield made


def policy_allowing(*actions: str) -> str:
    statement = {"Sid": "More", "Effect": "Allow", "Action": list(actions), "Resource": [f"arn:aws:s3:::{BUCKET}/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_closing_deploys_the_phase_and_records_the_freeze(world: World):
    record = world.close()
    assert world.engine.deployed == "closing"
    assert world.engine.calls == ["up", "up"]
    assert (record["objects"], record["bytes"], record["study"]) == (3, 15, "octank")
    assert world.read_record("freeze.json") == record
    assert world.waits
    assert 0 < world.waits[0] <= 900


def test_closing_again_deploys_nothing_and_keeps_the_time_of_the_freeze(world: World):
    first = world.close()
    second = world.close()
    assert world.engine.calls == ["up", "up"]
    assert first["frozen_at"] == second["frozen_at"]
    assert second["proved_at"] >= first["proved_at"]


def test_a_change_after_the_freeze_is_found(world: World):
    world.close()
    record = world.read_record("freeze.json")
    early = {**record, "frozen_at": "2026-01-01T00:00:00+00:00"}
    boto3.client("s3").put_object(
        Bucket=f"octank-dev-archive-{ACCOUNT}", Key="studies/octank/dev/freeze.json", Body=json.dumps(early).encode()
    )
    with pytest.raises(StudyError, match=r"changed at .* after the freeze of 2026-01-01"):
        world.close()
    assert world.closing().close(restart=True)["frozen_at"] > early["frozen_at"]


def test_proving_alone_does_not_freeze_an_active_study(world: World):
    with pytest.raises(StudyError, match="deployed is active: deploy `closing`"):
        world.closing().close(deploy=False)
    assert world.engine.calls == ["up"]


@pytest.mark.parametrize("actions", [("s3:PutObject",), ("s3:*",), ("s3:Delete*",), ("*",)])
def test_a_role_that_can_still_write_prevents_the_freeze(world: World, actions: tuple[str, ...]):
    boto3.client("iam").put_role_policy(RoleName=ROLE, PolicyName="more", PolicyDocument=policy_allowing(*actions))
    with pytest.raises(Refused, match="octank-dev-app-run may still write: more, More"):
        world.close()
    with pytest.raises(boto3.client("s3").exceptions.NoSuchKey):
        world.read_record("freeze.json")


def test_a_bucket_policy_that_allows_writes_prevents_the_freeze(world: World):
    statement = {**json.loads(policy_allowing("s3:PutObject"))["Statement"][0], "Principal": {"AWS": "*"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    boto3.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    with pytest.raises(Refused, match="the bucket's policy, More"):
        world.close()


def test_a_write_that_the_iam_simulator_allows_prevents_the_freeze(world: World, monkeypatch: pytest.MonkeyPatch):
    calls: list[list[str]] = []

    def simulate(_iam: Any, _outputs: Any, resources: list[str]) -> list[dict[str, Any]]:
        calls.append(resources)
        return [{"EvalActionName": "s3:PutObject", "EvalResourceName": resources[0], "EvalDecision": "allowed"}]

    monkeypatch.setattr(policies, "_simulate", simulate)
    with pytest.raises(Refused, match="IAM still allows octank-dev-app-run s3:PutObject"):
        world.close()
    assert calls == [[f"arn:aws:s3:::{BUCKET}/images/any", f"arn:aws:s3:::{BUCKET}"]]


def test_the_stacks_lock_prevents_two_steps_at_once(world: World):
    world.engine.locked = True
    with pytest.raises(StudyError, match="somebody else is changing the stack"):
        world.close()


def test_another_account_is_refused_before_anything_is_changed(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ops.study.clients.Clients.check_account", _refuse_account)
    with pytest.raises(StudyError, match="999900001111"):
        world.close()
    assert world.engine.calls == ["up"]
    assert "phase" not in (world.folder / f"Pulumi.{STACK}.yaml").read_text()


def _refuse_account(*_: Any) -> str:
    raise StudyError("you are signed in to the account 999900001111")


def test_a_run_killed_during_deployment_can_be_run_again(world: World, monkeypatch: pytest.MonkeyPatch):
    up = world.engine.up

    def die(_watcher: Watcher) -> None:
        raise Killed

    monkeypatch.setattr(world.engine, "up", die)
    with pytest.raises(Killed):
        world.close()
    monkeypatch.setattr(world.engine, "up", up)
    assert world.close()["objects"] == 3


def test_any_call_to_aws_can_fail_and_the_next_run_completes(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policies, "_simulate", _simulate_nothing_allowed)  # moto has no policy simulator
    world.close()
    world.requests.clear()
    world.close()
    calls = len(world.requests)
    assert calls > 5
    for number in range(1, calls + 1):
        world.requests.clear()
        world.fail_at = number
        message = ""
        try:
            world.close()
        except StudyError as error:
            message = str(error)
        assert "again" in message, world.requests[number - 1 :]
        world.fail_at = None
    assert world.close()["objects"] == 3


def _simulate_nothing_allowed(iam: Any, outputs: StudyOutputs, _resources: list[str]) -> list[dict[str, Any]]:
    iam.get_role(RoleName=outputs.task_role)
    return []


def test_reopening_voids_the_freeze(world: World):
    world.close()
    with pytest.raises(StudyError, match="--reopen"):
        world.closing()._start("active")
    world.closing().reopen()
    assert world.engine.deployed == "active"
    assert world.read_record("freeze.json")["void_since"]
    world.add_image("late")
    assert world.close()["objects"] == 4


def test_archived_needs_a_verified_archive_of_what_was_frozen(world: World):
    world.close()
    with pytest.raises(StudyError, match="there is no manifest"):
        world.closing().deploy_archived()
    assert world.engine.deployed == "closing"
    world.archive_study()
    assert world.engine.deployed == "archived"
    with pytest.raises(StudyError, match="there is no way back"):
        world.close()


def test_an_active_study_cannot_be_archived_at_once(world: World):
    with pytest.raises(StudyError, match="run `python -m ops close` first"):
        world.closing().deploy_archived()
    assert world.engine.calls == ["up"]
