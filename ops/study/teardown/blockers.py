"""Blockers of a teardown, each with the next step. Finding them changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ops.plan.configuration import PROJECT
from ops.study import phase, records
from ops.study.clients import Clients
from ops.study.close import freeze
from ops.study.engine import Engine, short_name
from ops.study.errors import Refused, StudyError, code, explain_failure
from ops.study.outputs import Exports, StudyOutputs
from ops.study.verify.evidence import Archive, require_evidence

if TYPE_CHECKING:
    from types_boto3_backup import BackupClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_logs.literals import ExportTaskStatusCodeType
    from types_boto3_rds import RDSClient
    from types_boto3_s3 import S3Client

WAIT = "wait until it has ended, or stop it"
BACKUP_JOBS = {
    "backup": ("list_backup_jobs", "BackupJobs", "State", ("CREATED", "PENDING", "RUNNING", "ABORTING")),
    "copy of a backup": ("list_copy_jobs", "CopyJobs", "State", ("CREATED", "RUNNING")),
    "restore": ("list_restore_jobs", "RestoreJobs", "Status", ("PENDING", "RUNNING")),
}
"""Jobs of AWS Backup: call, key of the answer, key of the state, and the states of a running job."""

EXPORTING = frozenset({"STARTING", "IN_PROGRESS", "CANCELING"})
CREATING_SNAPSHOT = "creating"
EXPORTING_LOGS: tuple[ExportTaskStatusCodeType, ...] = ("PENDING", "RUNNING")


def find_blockers(
    outputs: StudyOutputs,
    exports: Exports,
    *,
    stack: str,
    engine: Engine,
    archive: Archive,
    clients: Clients,
    folder: Path = PROJECT,
) -> list[str]:
    """All blockers. A check that AWS does not answer is one, too."""
    blockers: list[str] = []
    for check in (
        lambda: _phase_blockers(outputs, stack, folder),
        lambda: _account_blockers(outputs, clients),
        lambda: _protected_resources(engine),
        lambda: _archive_blockers(outputs, exports, archive, clients),
        lambda: _backup_jobs(outputs, clients.backup),
        lambda: _database_jobs(outputs, clients.rds),
        lambda: _log_exports(clients.logs),
    ):
        blockers += _run_check(check)
    return blockers


def check_study(outputs: StudyOutputs, study: str) -> None:
    """Refused unless `study` is the id of the stack's study."""
    if study != outputs.study:
        raise Refused(
            "nothing was deleted", [f"the study of {outputs.stack} is not {study!r}: type the id in its settings"]
        )


def _run_check(check: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(check())
    except Refused as refused:
        return refused.blockers
    except StudyError as error:
        return [str(error)]


def _phase_blockers(outputs: StudyOutputs, stack: str, folder: Path) -> Iterator[str]:
    if outputs.stack != stack:
        yield f"these outputs are of the stack {outputs.stack}, not of {stack}: select the right backend"
    configured = phase.configured_phase(stack, folder)
    if outputs.phase != "archived" or configured != "archived":
        yield (
            f"the phase must be archived, but {outputs.phase} is deployed and {configured} is in Pulumi.{stack}.yaml: "
            f"run `python -m ops close --archived --stack {stack}`"
        )


def _account_blockers(outputs: StudyOutputs, clients: Clients) -> Iterator[str]:
    clients.check_account(outputs)
    yield from ()


def _protected_resources(engine: Engine) -> Iterator[str]:
    for resource in engine.resources():
        if resource.get("protect"):
            yield f"{short_name(resource['urn'])} is protected: deploy the phase archived again with `pulumi up`"


def _archive_blockers(outputs: StudyOutputs, exports: Exports, archive: Archive, clients: Clients) -> Iterator[str]:
    if _has_deleted_images(outputs, clients.s3):
        return
    record = freeze.read_record(clients, outputs)
    if record is None:
        yield f"there is no freeze record: run `python -m ops close --stack {outputs.stack}`"
        return
    require_evidence(archive, exports, record, now=datetime.now(UTC))


def _has_deleted_images(outputs: StudyOutputs, s3: S3Client) -> bool:
    """Whether an earlier teardown, which had its proof, has deleted the images: they cannot be compared any more."""
    record = records.read(s3, outputs, records.TEARDOWN)
    if record is None or record.get("proved_at") or record["image_bucket"] != outputs.image_bucket:
        return False
    with explain_failure(f"looking for {outputs.image_bucket}"):
        try:
            s3.head_bucket(Bucket=outputs.image_bucket)
        except ClientError as error:
            if code(error) not in records.NOT_FOUND:
                raise
            return True
    return False


def _backup_jobs(outputs: StudyOutputs, backup: BackupClient) -> Iterator[str]:
    """Running jobs on resources with the stack's prefix, and all restores, because those name no source."""
    for what, (call, answer, state, states) in BACKUP_JOBS.items():
        for current in states:
            with explain_failure(f"looking for a {what} in progress"):
                jobs = getattr(backup, call)(**{f"By{state}": current})[answer]
            for job in jobs:
                if outputs.prefix in job.get("ResourceArn", outputs.prefix):
                    yield f"a {what} is in progress ({job.get('ResourceArn', 'of this account')}): {WAIT}"


def _database_jobs(outputs: StudyOutputs, rds: RDSClient) -> Iterator[str]:
    with explain_failure("looking for exports of the database"):
        exports = rds.describe_export_tasks()["ExportTasks"]
    for task in exports:
        if task["Status"].upper() in EXPORTING and outputs.prefix in task["SourceArn"]:
            yield f"the export {task['ExportTaskIdentifier']} is in progress: {WAIT}"
    with explain_failure("looking for snapshots in progress"):
        snapshots = [
            snapshot
            for page in rds.get_paginator("describe_db_cluster_snapshots").paginate()
            for snapshot in page["DBClusterSnapshots"]
        ]
    for snapshot in snapshots:
        if snapshot["Status"] == CREATING_SNAPSHOT and snapshot["DBClusterIdentifier"] == outputs.database_cluster:
            yield f"the snapshot {snapshot['DBClusterSnapshotIdentifier']} is being created: {WAIT}"


def _log_exports(logs: CloudWatchLogsClient) -> Iterator[str]:
    """Running exports of any log group, because an account runs one at a time."""
    for state in EXPORTING_LOGS:
        with explain_failure("looking for exports of logs"):
            tasks = logs.describe_export_tasks(statusCode=state)["exportTasks"]
        for task in tasks:
            yield f"the log group {task.get('logGroupName', '?')} is being exported: {WAIT}"
