"""Tearing down: only an archived, verified and named study goes, and what stays is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from ops.study.errors import Refused, StudyError
from ops.study.facts import Facts
from tests.ops.study_world import ACCOUNT, REGION, Killed, Manifest, NoJobs, World, world

LATER = datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path, monkeypatch) as made:
        yield made


def typed(_facts: Facts) -> str:
    return "octank"


def refused(here: World, match: str) -> None:
    """The teardown says why, and nothing is deleted."""
    before = here.engine.resources()
    with pytest.raises(StudyError, match=match):
        here.teardown().run(typed)
    assert "destroy" not in here.engine.calls
    assert here.engine.resources() == before
    assert here.images() == 3


def test_an_archived_study_goes_and_only_the_retained_stays(here: World):
    remains = here.archived().teardown().run(typed)
    assert here.engine.resources() == []
    assert remains.forgotten == ()
    kept = {one.name for one in remains.kept}
    assert {f"octank-dev-archive-{ACCOUNT}", f"octank-dev-audit-{ACCOUNT}", "closing-signing", "keys-archive"} <= kept
    assert f"octank-dev-images-{ACCOUNT}" not in kept
    assert remains.yearly_usd >= 5 * 12, "four keys and the signing key"
    record = here.read("teardown.json")
    assert record["proved_at"]
    assert record["yearly_usd"] == float(remains.yearly_usd)


def test_an_active_study_is_refused(here: World):
    refused(here, "not archived: run `python -m ops close --archived")


def test_a_closing_study_without_a_manifest_is_refused(here: World):
    here.close()
    refused(here, "there is no manifest")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "there is no manifest"),
        (Manifest(objects=2, bytes=10), "2 objects .* are archived, and 3"),
        (Manifest(bytes=14), "archive again"),
        (Manifest(study="other"), "the manifest is of other"),
        (Manifest(image_bucket="elsewhere"), "in elsewhere, not of octank"),
        (Manifest(verified_at=datetime(2026, 1, 1, tzinfo=UTC)), "verified before the freeze: run `python -m ops ver"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(here: World, manifest: Manifest | None, said: str):
    here.archived()
    here.archive.manifest = manifest
    refused(here, said)


def test_a_freeze_on_record_is_needed(here: World):
    here.archived()
    boto3.client("s3").delete_object(Bucket=f"octank-dev-archive-{ACCOUNT}", Key="studies/octank/dev/freeze.json")
    refused(here, "no freeze on record")


def test_another_study_is_refused(here: World):
    here.archived()
    with pytest.raises(Refused, match="the study of dev is not 'octank2'"):
        here.teardown().run(lambda _: "octank2")
    assert "destroy" not in here.engine.calls


def test_another_account_is_refused(here: World, monkeypatch: pytest.MonkeyPatch):
    here.archived()
    real = Facts.of
    monkeypatch.setattr(Facts, "of", lambda outputs: _moved(real(outputs)))
    refused(here, "you are signed in to the account 123456789012")


def _moved(facts: Facts) -> Facts:
    from dataclasses import replace  # noqa: PLC0415

    return replace(facts, account="999900001111")


def test_another_stack_s_outputs_are_refused(here: World):
    here.archived()
    teardown = here.teardown()
    object.__setattr__(teardown, "stack", "prod")
    (here.folder / "Pulumi.prod.yaml").write_text((here.folder / "Pulumi.dev.yaml").read_text())
    assert any("of the stack dev, not of prod" in said for said in teardown.objections())


def test_settings_that_were_set_back_are_refused(here: World):
    here.archived()
    path = here.folder / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("image-store:phase: archived", "image-store:phase: closing"))
    refused(here, "archived where it is deployed and closing in Pulumi.dev.yaml")


def test_what_is_protected_by_hand_is_refused(here: World):
    here.archived()
    next(iter(here.engine.state.values()))["protect"] = True
    refused(here, "is protected: deploy the phase archived again")


@pytest.mark.parametrize("job", ["list_backup_jobs", "list_copy_jobs", "list_restore_jobs"])
def test_jobs_under_way_are_waited_for(here: World, job: str):
    here.archived().backup = NoJobs(job)
    refused(here, "is under way")


def test_an_export_of_logs_is_waited_for(here: World):
    here.archived()
    boto3.client("logs").create_log_group(logGroupName="other")
    boto3.client("s3").create_bucket(Bucket="elsewhere")
    task = boto3.client("logs").create_export_task(logGroupName="other", fromTime=0, to=1, destination="elsewhere")
    from moto.logs.models import logs_backends  # noqa: PLC0415

    logs_backends[ACCOUNT][REGION].export_tasks[task["taskId"]].status = {"code": "RUNNING", "message": ""}
    refused(here, "the log group other is being exported")


def test_two_operators_at_once_the_second_is_told(here: World):
    here.archived().engine.locked = True
    with pytest.raises(StudyError, match="somebody else is changing the stack"):
        here.teardown().run(typed)
    assert here.images() == 3


def test_each_call_to_aws_may_fail_and_nothing_is_deleted(here: World):
    here.archived()
    here.asked.clear()
    assert here.teardown().objections() == []
    calls = len(here.asked)
    assert calls >= 6
    for number in range(1, calls + 1):
        here.asked.clear()
        here.fail_at = number
        refused(here, "AWS refused|could not|503")
    here.fail_at = None
    assert here.teardown().run(typed).forgotten == ()


def test_a_run_that_is_killed_at_any_deletion_goes_on(here: World):
    here.archived()
    total = len(here.engine.resources())
    for after in (0, 1, 5, 12, total // 2, total):
        here.engine.die_after = after
        try:
            here.teardown().run(typed)
        except Killed:
            continue
        break
    here.engine.die_after = None
    assert here.teardown().run(typed).forgotten == ()
    assert here.engine.resources() == []


def test_a_run_that_is_killed_before_its_proof_proves_it_again(here: World, monkeypatch: pytest.MonkeyPatch):
    here.archived()

    def dying(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("ops.study.teardown.proof.remains", dying)
        with pytest.raises(Killed):
            here.teardown().run(typed)
    assert "proved_at" not in here.read("teardown.json")
    here.teardown().run(_nobody)
    assert here.read("teardown.json")["proved_at"]


def _nobody(_facts: Facts) -> str:
    raise AssertionError("nothing is left to confirm")


def _bucket() -> str:
    boto3.client("s3").create_bucket(Bucket="octank-dev-scratch")
    return "arn:aws:s3:::octank-dev-scratch"


def _group() -> str:
    boto3.client("logs").create_log_group(logGroupName="/octank-dev/made-by-hand")
    return "/octank-dev/made-by-hand"


def _key() -> str:
    tags = [{"TagKey": "project", "TagValue": "octank"}, {"TagKey": "env", "TagValue": "dev"}]
    return boto3.client("kms").create_key(Tags=tags)["KeyMetadata"]["Arn"]


@pytest.mark.parametrize("leave", [_bucket, _group, _key])
def test_what_is_left_and_not_retained_is_named(here: World, leave: Callable[[], str]):
    left = leave()
    here.archived()
    with pytest.raises(Refused, match="this is left in AWS and is not retained on purpose") as said:
        here.teardown().run(typed)
    assert any(left in objection for objection in said.value.objections)
    assert "proved_at" not in here.read("teardown.json")


def test_a_key_whose_deletion_is_scheduled_may_be_there(here: World):
    arn = _key()
    boto3.client("kms").schedule_key_deletion(KeyId=arn.rpartition("/")[2])
    remains = here.archived().teardown().run(typed)
    assert {one.why for one in remains.kept if one.name == arn} == {"a key whose deletion is scheduled"}


def test_a_stack_that_was_never_deployed_is_no_success(here: World):
    here.engine.deployed, here.engine.state = None, {}
    assert here.teardown().objections() == ["nothing is deployed in dev"]
    with pytest.raises(StudyError, match="no teardown of it is on record"):
        here.teardown().run(typed)
