"""Exports of database and logs when AWS is late, fails or writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.logs.exceptions import LimitExceededException
from moto.logs.models import logs_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends

from ops.study.archive.run import archive
from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError
from tests.ops.conftest import ACCOUNT, ARCHIVE, CLUSTER, GROUPS, REGION, Store
from tests.ops.faults import Wire


def run_archive(store: Store, **options: Any) -> Clients:
    archive(store.target, store.clients, store.with_options(**options))
    return store.clients


def rds_backend() -> Any:
    return rds_backends[ACCOUNT][REGION]


def manual_snapshots() -> list[Any]:
    """Snapshots that a run created; moto creates automatic ones as well."""
    return [each for each in rds_backend().cluster_snapshots.values() if each.snapshot_type == "manual"]


def logs_backend() -> Any:
    return logs_backends[ACCOUNT][REGION]


class AfterCall:
    """Runs a function after each call of an operation, to give moto the states that AWS can have."""

    def __init__(self, store: Store) -> None:
        self.store, self.done = store, []

    def __call__(self, service: str, operation: str, do: Any) -> None:
        client = getattr(self.store.clients, service)
        name = f"after-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
        client.meta.events.register(name, do)
        self.done.append((client, name, do))

    def stop(self) -> None:
        for client, name, do in self.done:
            client.meta.events.unregister(name, do)
        self.done.clear()


@pytest.fixture
def after(store: Store) -> Iterator[AfterCall]:
    hooks = AfterCall(store)
    yield hooks
    hooks.stop()


def set_snapshots(status: str):
    def do(**_: Any) -> None:
        for snapshot in rds_backend().cluster_snapshots.values():
            snapshot.status = status

    return do


def set_exports(status: str, cause: str = ""):
    def do(**_: Any) -> None:
        for task in rds_backend().export_tasks.values():
            task.status, task.failure_cause = status, cause

    return do


def set_log_tasks(status: str):
    def do(**_: Any) -> None:
        for task in logs_backend().export_tasks.values():
            task.status = {"code": status, "message": "because"}

    return do


def test_a_run_waits_for_the_snapshot(store: Store, after: AfterCall):
    after("rds", "CreateDBClusterSnapshot", set_snapshots("creating"))
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            set_snapshots("available")()

    run_archive(store, pause=pause, poll_seconds=20)
    assert waits[:4] == [20] * 4


def test_a_run_ends_if_the_snapshot_is_never_ready_and_the_next_run_continues(store: Store, after: AfterCall):
    after("rds", "CreateDBClusterSnapshot", set_snapshots("creating"))
    with pytest.raises(ArchiveError, match=r"the snapshot is not ready after 24 h\. Nothing is lost"):
        run_archive(store, poll_seconds=3600)
    set_snapshots("available")()
    run_archive(store)
    assert len(manual_snapshots()) == 1


def test_a_failed_snapshot_is_taken_again(store: Store, after: AfterCall):
    after("rds", "CreateDBClusterSnapshot", set_snapshots("failed"))
    with pytest.raises(ArchiveError, match=r"the snapshot octank-prod-.* is failed\. Fix the cause"):
        run_archive(store)
    after.stop()
    run_archive(store)
    assert sorted(each.status for each in manual_snapshots()) == ["available", "failed"]


def test_a_failed_export_is_reported_and_started_again(store: Store, after: AfterCall):
    after("rds", "StartExportTask", set_exports("FAILED"))
    with pytest.raises(ArchiveError, match=r"the database's export octank-prod-\S+ is FAILED: "):
        run_archive(store)
    after.stop()
    run_archive(store)
    assert len(rds_backend().export_tasks) == 2


def test_an_export_that_wrote_nothing_is_a_failure(store: Store, after: AfterCall):
    def delete_export(**_: Any) -> None:
        keys = s3_backends[ACCOUNT]["aws"].get_bucket(ARCHIVE).keys
        for key in [key for key in keys if "/database/" in key]:
            del keys[key]

    after("rds", "StartExportTask", delete_export)
    with pytest.raises(ArchiveError, match="is complete but has written nothing"):
        run_archive(store)


def test_a_snapshot_under_another_key_is_refused(store: Store):
    rds_backend().clusters[CLUSTER].kms_key_id = "other"
    with pytest.raises(ArchiveError, match="the snapshot is encrypted with other, not with the study's key"):
        run_archive(store)


def test_a_failed_log_export_is_started_again(store: Store, after: AfterCall):
    after("logs", "CreateExportTask", set_log_tasks("FAILED"))
    with pytest.raises(ArchiveError, match=r"the export of /octank-prod/web is FAILED: because"):
        run_archive(store)
    after.stop()
    run_archive(store)


def test_a_run_waits_for_another_log_export_of_the_account(store: Store):
    wire = Wire(store)
    refusals = iter([True, True, False])
    real = logs_backend().create_export_task

    def refuse_twice(*args: Any, **options: Any) -> str:
        if next(refusals, False):
            raise LimitExceededException
        return real(*args, **options)

    logs_backend().create_export_task = refuse_twice
    with wire.tap():
        run_archive(store)
    assert wire.calls.count("CreateExportTask") == len(GROUPS) + 2


def test_a_missing_log_group_is_reported(store: Store):
    store.clients.logs.delete_log_group(logGroupName=GROUPS[1])
    with pytest.raises(ArchiveError, match=f"exporting the log group {GROUPS[1]}: AWS refused CreateExportTask"):
        run_archive(store)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            lambda payload: 1 / 0,
            "the function failed: .*division by zero.*Read the log of octank-prod-index-export",
        ),
        (lambda payload: {"parts": []}, "the function gave an unexpected answer"),
        (lambda payload: {"objects": 3, "parts": []}, "should have 3 attachments and has 0: it was cut off"),
    ],
)
def test_a_failed_index_export_is_reported(store: Store, answer: Any, why: str):
    store.functions["octank-prod-index-export"] = answer
    with pytest.raises(ArchiveError, match=why):
        run_archive(store)
    assert not [key for key, _ in store.versions(ARCHIVE) if "/objects/" in key or key.endswith("manifest.json")]


def test_the_snapshot_has_the_studys_tags(store: Store):
    run_archive(store)
    [snapshot] = manual_snapshots()
    assert {"Key": "study", "Value": "octank"} in snapshot.tags
