"""A teardown destroys only an archived, verified and confirmed study, and lists what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.logs.models import logs_backends

from ops.study.errors import Refused, StudyError
from ops.study.outputs import StudyOutputs
from tests.ops.study_world import ACCOUNT, REGION, Killed, Manifest, NoJobs, World, open_world

LATER = datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with open_world(tmp_path, monkeypatch) as made:
        yield made


def confirm(_outputs: StudyOutputs) -> str:
    return "octank"


def check_refused(world: World, match: str) -> None:
    """Asserts that the teardown is refused for this reason, and nothing is deleted."""
    before = world.engine.resources()
    with pytest.raises(StudyError, match=match):
        world.teardown().run(confirm)
    assert "destroy" not in world.engine.calls
    assert world.engine.resources() == before
    assert world.count_images() == 3


def test_an_archived_study_is_destroyed_and_only_retained_resources_remain(world: World):
    remains = world.archive_study().teardown().run(confirm)
    assert world.engine.resources() == []
    assert remains.leftover == ()
    kept = {one.name for one in remains.kept}
    assert {f"octank-dev-archive-{ACCOUNT}", f"octank-dev-audit-{ACCOUNT}", "closing-signing", "keys-archive"} <= kept
    assert f"octank-dev-images-{ACCOUNT}" not in kept
    assert remains.yearly_usd >= 5 * 12, "four keys and the signing key"
    record = world.read_record("teardown.json")
    assert record["proved_at"]
    assert record["yearly_usd"] == float(remains.yearly_usd)


def test_an_active_study_is_refused(world: World):
    check_refused(
        world,
        "the phase must be archived, but active is deployed and active is in .*: run `python -m ops close --archived",
    )


def test_a_closing_study_without_a_manifest_is_refused(world: World):
    world.close()
    check_refused(world, "there is no manifest")


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (None, "there is no manifest"),
        (Manifest(objects=2, bytes=10), "2 objects .* are archived, and 3"),
        (Manifest(bytes=14), "archive again"),
        (Manifest(study="other"), "the manifest is of other"),
        (Manifest(image_bucket="elsewhere"), "in elsewhere, not of octank"),
        (Manifest(verified_at=datetime(2026, 1, 1, tzinfo=UTC)), "verified before the freeze: run `python -m ops ver"),
    ],
)
def test_a_manifest_that_does_not_match_is_refused(world: World, manifest: Manifest | None, reason: str):
    world.archive_study()
    world.archive.manifest = manifest
    check_refused(world, reason)


def test_a_freeze_record_is_required(world: World):
    world.archive_study()
    boto3.client("s3").delete_object(Bucket=f"octank-dev-archive-{ACCOUNT}", Key="studies/octank/dev/freeze.json")
    check_refused(world, "there is no freeze record")


def test_another_study_is_refused(world: World):
    world.archive_study()
    with pytest.raises(Refused, match="the study of dev is not 'octank2'"):
        world.teardown().run(lambda _: "octank2")
    assert "destroy" not in world.engine.calls


def test_another_account_is_refused(world: World, monkeypatch: pytest.MonkeyPatch):
    world.archive_study()
    real = StudyOutputs.from_exports
    monkeypatch.setattr(StudyOutputs, "from_exports", lambda exports: _with_other_account(real(exports)))
    check_refused(world, "you are signed in to the account 123456789012")


def _with_other_account(outputs: StudyOutputs) -> StudyOutputs:
    return replace(outputs, account="999900001111")


def test_another_stack_s_outputs_are_refused(world: World):
    world.archive_study()
    teardown = world.teardown()
    object.__setattr__(teardown, "stack", "prod")
    (world.folder / "Pulumi.prod.yaml").write_text((world.folder / "Pulumi.dev.yaml").read_text())
    assert any("of the stack dev, not of prod" in blocker for blocker in teardown.find_blockers())


def test_settings_that_were_set_back_are_refused(world: World):
    world.archive_study()
    path = world.folder / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("image-store:phase: archived", "image-store:phase: closing"))
    check_refused(world, "archived is deployed and closing is in Pulumi.dev.yaml")


def test_a_protected_resource_is_refused(world: World):
    world.archive_study()
    next(iter(world.engine.state.values()))["protect"] = True
    check_refused(world, "is protected: deploy the phase archived again")


@pytest.mark.parametrize("job", ["list_backup_jobs", "list_copy_jobs", "list_restore_jobs"])
def test_a_running_backup_job_blocks_the_teardown(world: World, job: str):
    world.archive_study().backup = NoJobs(job)
    check_refused(world, "is in progress")


def test_a_running_log_export_blocks_the_teardown(world: World):
    world.archive_study()
    boto3.client("logs").create_log_group(logGroupName="other")
    boto3.client("s3").create_bucket(Bucket="elsewhere")
    task = boto3.client("logs").create_export_task(logGroupName="other", fromTime=0, to=1, destination="elsewhere")
    logs_backends[ACCOUNT][REGION].export_tasks[task["taskId"]].status = {"code": "RUNNING", "message": ""}
    check_refused(world, "the log group other is being exported")


def test_a_second_operator_at_the_same_time_is_refused(world: World):
    world.archive_study().engine.locked = True
    with pytest.raises(StudyError, match="somebody else is changing the stack"):
        world.teardown().run(confirm)
    assert world.count_images() == 3


def test_any_call_to_aws_can_fail_and_nothing_is_deleted(world: World):
    world.archive_study()
    world.requests.clear()
    assert world.teardown().find_blockers() == []
    calls = len(world.requests)
    assert calls >= 6
    for number in range(1, calls + 1):
        world.requests.clear()
        world.fail_at = number
        check_refused(world, "AWS refused|could not|503")
    world.fail_at = None
    assert world.teardown().run(confirm).leftover == ()


def test_a_run_killed_at_any_deletion_can_be_run_again(world: World):
    world.archive_study()
    total = len(world.engine.resources())
    for after in (0, 1, 5, 12, total // 2, total):
        world.engine.die_after = after
        try:
            world.teardown().run(confirm)
        except Killed:
            continue
        break
    world.engine.die_after = None
    assert world.teardown().run(confirm).leftover == ()
    assert world.engine.resources() == []


def test_a_run_killed_before_its_proof_can_be_run_again(world: World, monkeypatch: pytest.MonkeyPatch):
    world.archive_study()

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("ops.study.teardown.proof.find_remains", die)
        with pytest.raises(Killed):
            world.teardown().run(confirm)
    assert "proved_at" not in world.read_record("teardown.json")
    world.teardown().run(_fail_to_confirm)
    assert world.read_record("teardown.json")["proved_at"]


def _fail_to_confirm(_outputs: StudyOutputs) -> str:
    raise AssertionError("nothing is left to confirm")


def _create_bucket() -> str:
    boto3.client("s3").create_bucket(Bucket="octank-dev-scratch")
    return "arn:aws:s3:::octank-dev-scratch"


def _create_log_group() -> str:
    boto3.client("logs").create_log_group(logGroupName="/octank-dev/made-by-hand")
    return "/octank-dev/made-by-hand"


def _create_key() -> str:
    tags = [{"TagKey": "project", "TagValue": "octank"}, {"TagKey": "env", "TagValue": "dev"}]
    return boto3.client("kms").create_key(Tags=tags)["KeyMetadata"]["Arn"]


@pytest.mark.parametrize("leave", [_create_bucket, _create_log_group, _create_key])
def test_leftovers_are_listed(world: World, leave: Callable[[], str]):
    left = leave()
    world.archive_study()
    with pytest.raises(Refused, match="this is left in AWS and is not retained on purpose") as refused:
        world.teardown().run(confirm)
    assert any(left in blocker for blocker in refused.value.blockers)
    assert "proved_at" not in world.read_record("teardown.json")


def test_a_key_whose_deletion_is_scheduled_is_expected(world: World):
    arn = _create_key()
    boto3.client("kms").schedule_key_deletion(KeyId=arn.rpartition("/")[2])
    remains = world.archive_study().teardown().run(confirm)
    assert {one.why for one in remains.kept if one.name == arn} == {"a key whose deletion is scheduled"}


def test_a_stack_that_was_never_deployed_is_refused(world: World):
    world.engine.deployed, world.engine.state = None, {}
    assert world.teardown().find_blockers() == ["nothing is deployed in dev"]
    with pytest.raises(StudyError, match="there is no record of a teardown"):
        world.teardown().run(confirm)
