"""Closing a study: images are refused, nothing changes, and the record says so."""

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
from ops.study.facts import Facts
from tests.ops.study_world import ACCOUNT, STACK, Killed, World, world

BUCKET, ROLE = f"octank-dev-images-{ACCOUNT}", "octank-dev-app-run"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path, monkeypatch) as made:
        yield made


def allow(*actions: str) -> str:
    statement = {"Sid": "More", "Effect": "Allow", "Action": list(actions), "Resource": [f"arn:aws:s3:::{BUCKET}/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_closing_deploys_the_phase_and_records_the_freeze(here: World):
    record = here.close()
    assert here.engine.deployed == "closing"
    assert here.engine.calls == ["up", "up"]
    assert (record["objects"], record["bytes"], record["study"]) == (3, 15, "octank")
    assert here.read("freeze.json") == record
    assert here.waited
    assert 0 < here.waited[0] <= 900


def test_closing_again_deploys_nothing_and_keeps_the_first_moment(here: World):
    first = here.close()
    second = here.close()
    assert here.engine.calls == ["up", "up"]
    assert first["frozen_at"] == second["frozen_at"]
    assert second["proved_at"] >= first["proved_at"]


def test_what_comes_after_the_freeze_is_noticed(here: World):
    here.close()
    record = here.read("freeze.json")
    early = {**record, "frozen_at": "2026-01-01T00:00:00+00:00"}
    boto3.client("s3").put_object(
        Bucket=f"octank-dev-archive-{ACCOUNT}", Key="studies/octank/dev/freeze.json", Body=json.dumps(early).encode()
    )
    with pytest.raises(StudyError, match=r"changed at .* after the freeze of 2026-01-01"):
        here.close()
    assert here.closing().close(anew=True)["frozen_at"] > early["frozen_at"]


def test_an_active_study_is_not_frozen_by_only_proving(here: World):
    with pytest.raises(StudyError, match="deployed is active: deploy `closing`"):
        here.closing().close(deploy=False)
    assert here.engine.calls == ["up"]


@pytest.mark.parametrize("actions", [("s3:PutObject",), ("s3:*",), ("s3:Delete*",), ("*",)])
def test_a_role_that_may_still_write_is_no_freeze(here: World, actions: tuple[str, ...]):
    boto3.client("iam").put_role_policy(RoleName=ROLE, PolicyName="more", PolicyDocument=allow(*actions))
    with pytest.raises(Refused, match="octank-dev-app-run may still write: more, More"):
        here.close()
    with pytest.raises(boto3.client("s3").exceptions.NoSuchKey):
        here.read("freeze.json")


def test_a_bucket_that_lets_others_write_is_no_freeze(here: World):
    statement = {**json.loads(allow("s3:PutObject"))["Statement"][0], "Principal": {"AWS": "*"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    boto3.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    with pytest.raises(Refused, match="the bucket's policy, More"):
        here.close()


def test_iam_s_own_answer_counts(here: World, monkeypatch: pytest.MonkeyPatch):
    asked: list[list[str]] = []

    def simulated(_iam: Any, _facts: Any, resources: list[str]) -> list[dict[str, Any]]:
        asked.append(resources)
        return [{"EvalActionName": "s3:PutObject", "EvalResourceName": resources[0], "EvalDecision": "allowed"}]

    monkeypatch.setattr(policies, "_simulate", simulated)
    with pytest.raises(Refused, match="IAM still allows octank-dev-app-run s3:PutObject"):
        here.close()
    assert asked == [[f"arn:aws:s3:::{BUCKET}/images/any", f"arn:aws:s3:::{BUCKET}"]]


def test_two_steps_at_once_are_refused_by_the_stacks_lock(here: World):
    here.engine.locked = True
    with pytest.raises(StudyError, match="somebody else is changing the stack"):
        here.close()


def test_another_account_is_refused_before_anything_is_changed(here: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ops.study.facts.Clients.check", _other_account)
    with pytest.raises(StudyError, match="999900001111"):
        here.close()
    assert here.engine.calls == ["up"]
    assert "phase" not in (here.folder / f"Pulumi.{STACK}.yaml").read_text()


def _other_account(*_: Any) -> str:
    raise StudyError("you are signed in to the account 999900001111")


def test_a_run_that_is_killed_while_it_deploys_goes_on(here: World, monkeypatch: pytest.MonkeyPatch):
    up = here.engine.up

    def dying(_watcher: Watcher) -> None:
        raise Killed

    monkeypatch.setattr(here.engine, "up", dying)
    with pytest.raises(Killed):
        here.close()
    monkeypatch.setattr(here.engine, "up", up)
    assert here.close()["objects"] == 3


def test_each_call_to_aws_may_fail_and_the_next_run_goes_on(here: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policies, "_simulate", _nothing_allowed)  # moto has no simulator
    here.close()
    here.asked.clear()
    here.close()
    calls = len(here.asked)
    assert calls > 5
    for number in range(1, calls + 1):
        here.asked.clear()
        here.fail_at = number
        said = ""
        try:
            here.close()
        except StudyError as error:
            said = str(error)
        assert "again" in said, here.asked[number - 1 :]
        here.fail_at = None
    assert here.close()["objects"] == 3


def _nothing_allowed(iam: Any, facts: Facts, _resources: list[str]) -> list[dict[str, Any]]:
    iam.get_role(RoleName=facts.task_role)
    return []


def test_reopening_voids_the_freeze(here: World):
    here.close()
    with pytest.raises(StudyError, match="--reopen"):
        here.closing()._start("active")
    here.closing().reopen()
    assert here.engine.deployed == "active"
    assert here.read("freeze.json")["void_since"]
    here.store("late")
    assert here.close()["objects"] == 4


def test_archived_needs_a_verified_archive_of_what_was_frozen(here: World):
    here.close()
    with pytest.raises(StudyError, match="there is no manifest"):
        here.closing().archived()
    assert here.engine.deployed == "closing"
    here.archived()
    assert here.engine.deployed == "archived"
    with pytest.raises(StudyError, match="there is no way back"):
        here.close()


def test_an_active_study_cannot_be_archived_at_once(here: World):
    with pytest.raises(StudyError, match="run `python -m ops close` first"):
        here.closing().archived()
    assert here.engine.calls == ["up"]
