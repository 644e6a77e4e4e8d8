"""The database and the logs: what AWS does late, wrongly or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.logs.exceptions import LimitExceededException
from moto.logs.models import logs_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends

from ops.study import archive
from tests.ops.conftest import ACCOUNT, ARCHIVE, CLUSTER, GROUPS, REGION, Store
from tests.ops.faults import Wire


def archived(store: Store, **options: Any) -> archive.Clients:
    archive.archive(store.target, store.clients, store.having(**options))
    return store.clients


def rds() -> Any:
    return rds_backends[ACCOUNT][REGION]


def taken() -> list[Any]:
    """Snapshots that were asked for; moto makes automatic ones as well."""
    return [each for each in rds().cluster_snapshots.values() if each.snapshot_type == "manual"]


def logs() -> Any:
    return logs_backends[ACCOUNT][REGION]


class After:
    """Does something after each call of an operation: moto's answers become what AWS's may be."""

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
def after(store: Store) -> Iterator[After]:
    made = After(store)
    yield made
    made.stop()


def snapshots(status: str):
    def do(**_: Any) -> None:
        for snapshot in rds().cluster_snapshots.values():
            snapshot.status = status

    return do


def exports(status: str, cause: str = ""):
    def do(**_: Any) -> None:
        for task in rds().export_tasks.values():
            task.status, task.failure_cause = status, cause

    return do


def tasks(status: str):
    def do(**_: Any) -> None:
        for task in logs().export_tasks.values():
            task.status = {"code": status, "message": "because"}

    return do


def test_it_waits_for_the_snapshot(store: Store, after: After):
    after("rds", "CreateDBClusterSnapshot", snapshots("creating"))
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            snapshots("available")()

    archived(store, pause=pause, poll_seconds=20)
    assert waits[:4] == [20] * 4


def test_a_snapshot_that_never_comes_ends_the_run_and_the_next_one_goes_on(store: Store, after: After):
    after("rds", "CreateDBClusterSnapshot", snapshots("creating"))
    with pytest.raises(archive.ArchiveError, match=r"the snapshot is not ready after 24 h\. Nothing is lost"):
        archived(store, poll_seconds=3600)
    snapshots("available")()
    archived(store)
    assert len(taken()) == 1


def test_a_snapshot_that_failed_is_taken_anew(store: Store, after: After):
    after("rds", "CreateDBClusterSnapshot", snapshots("failed"))
    with pytest.raises(archive.ArchiveError, match=r"the snapshot octank-prod-.* is failed\. Put the cause right"):
        archived(store)
    after.stop()
    archived(store)
    assert sorted(each.status for each in taken()) == ["available", "failed"]


def test_an_export_that_failed_is_said_with_its_cause_and_tried_anew(store: Store, after: After):
    after("rds", "StartExportTask", exports("FAILED"))
    with pytest.raises(archive.ArchiveError, match=r"the database's export octank-prod-\S+ is FAILED: "):
        archived(store)
    after.stop()
    archived(store)
    assert len(rds().export_tasks) == 2


def test_an_export_that_wrote_nothing_is_none(store: Store, after: After):
    def empty(**_: Any) -> None:
        keys = s3_backends[ACCOUNT]["aws"].get_bucket(ARCHIVE).keys
        for key in [key for key in keys if "/database/" in key]:
            del keys[key]

    after("rds", "StartExportTask", empty)
    with pytest.raises(archive.ArchiveError, match="is complete and has written nothing"):
        archived(store)


def test_a_snapshot_under_another_key_is_refused(store: Store):
    rds().clusters[CLUSTER].kms_key_id = "other"
    with pytest.raises(archive.ArchiveError, match="the snapshot is encrypted with other, not with the study's key"):
        archived(store)


def test_a_log_export_that_failed_is_tried_anew(store: Store, after: After):
    after("logs", "CreateExportTask", tasks("FAILED"))
    with pytest.raises(archive.ArchiveError, match=r"the export of /octank-prod/web is FAILED: because"):
        archived(store)
    after.stop()
    archived(store)


def test_another_export_of_the_account_is_waited_for(store: Store):
    wire = Wire(store)
    refusals = iter([True, True, False])
    real = logs().create_export_task

    def busy(*args: Any, **options: Any) -> str:
        if next(refusals, False):
            raise LimitExceededException
        return real(*args, **options)

    logs().create_export_task = busy
    with wire.tapped():
        archived(store)
    assert wire.calls.count("CreateExportTask") == len(GROUPS) + 2


def test_a_log_group_that_is_gone_is_said(store: Store):
    store.clients.logs.delete_log_group(logGroupName=GROUPS[1])
    with pytest.raises(
        archive.ArchiveError, match=f"exporting the log group {GROUPS[1]}: AWS refused CreateExportTask"
    ):
        archived(store)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            lambda payload: 1 / 0,
            "the function failed: .*division by zero.*Look into the log of octank-prod-index-export",
        ),
        (lambda payload: {"parts": []}, "is no answer of the function"),
        (lambda payload: {"objects": 3, "parts": []}, "names 3 attachments and holds 0: it was cut off"),
    ],
)
def test_an_index_that_is_not_exported_is_said(store: Store, answer: Any, why: str):
    store.functions["octank-prod-index-export"] = answer
    with pytest.raises(archive.ArchiveError, match=why):
        archived(store)
    assert not [key for key, _ in store.versions(ARCHIVE) if "/objects/" in key or key.endswith("manifest.json")]


def test_a_snapshot_carries_the_studys_tags(store: Store):
    archived(store)
    [snapshot] = taken()
    assert {"Key": "study", "Value": "octank"} in snapshot.tags
