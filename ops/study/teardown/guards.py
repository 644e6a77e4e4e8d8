"""What speaks against a teardown: all of it, each with the next step; none of these changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from ops.plan.configuration import PROJECT
from ops.study import phase, records
from ops.study.close import freeze
from ops.study.engine import Engine, short
from ops.study.errors import Refused, StudyError, code, explained
from ops.study.facts import Clients, Facts, now
from ops.study.teardown.archive import Archive, evidence

WAIT = "wait until it has ended, or stop it"
UNDER_WAY = {
    "backup": ("list_backup_jobs", "BackupJobs", "State", ("CREATED", "PENDING", "RUNNING", "ABORTING")),
    "copy of a backup": ("list_copy_jobs", "CopyJobs", "State", ("CREATED", "RUNNING")),
    "restore": ("list_restore_jobs", "RestoreJobs", "Status", ("PENDING", "RUNNING")),
}
"""Jobs of AWS Backup: call, key of the answer, key of the state, and the states in which one is under way."""

EXPORTING = frozenset({"STARTING", "IN_PROGRESS", "CANCELING"})
SNAPSHOTTING = "creating"


def objections(
    facts: Facts,
    outputs: Mapping[str, Any],
    *,
    stack: str,
    engine: Engine,
    archive: Archive,
    clients: Clients,
    folder: Path = PROJECT,
) -> list[str]:
    """Every reason against it. A question that AWS does not answer is one, too."""
    found: list[str] = []
    for check in (
        lambda: _stack(facts, stack, folder),
        lambda: _signed_in(facts, clients),
        lambda: _protected(engine),
        lambda: _archive(facts, outputs, archive, clients),
        lambda: _jobs(facts, clients.backup),
        lambda: _database(facts, clients.rds),
        lambda: _logs(clients.logs),
    ):
        found += _asked(check)
    return found


def wrong_study(facts: Facts, study: str) -> None:
    """Refused unless the study that was typed is the stack's."""
    if study != facts.study:
        raise Refused(
            "nothing was deleted", [f"the study of {facts.stack} is not {study!r}: type the id that its settings name"]
        )


def _asked(check: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(check())
    except Refused as refused:
        return refused.objections
    except StudyError as error:
        return [str(error)]


def _stack(facts: Facts, stack: str, folder: Path) -> Iterator[str]:
    if facts.stack != stack:
        yield f"these outputs are of the stack {facts.stack}, not of {stack}: select the right backend"
    wanted = phase.wanted(stack, folder)
    if facts.phase != "archived" or wanted != "archived":
        yield (
            f"the phase is {facts.phase} where it is deployed and {wanted} in Pulumi.{stack}.yaml, not archived: run "
            f"`python -m ops close --archived --stack {stack}`"
        )


def _signed_in(facts: Facts, clients: Clients) -> Iterator[str]:
    clients.check(facts)
    yield from ()


def _protected(engine: Engine) -> Iterator[str]:
    for resource in engine.resources():
        if resource.get("protect"):
            yield f"{short(resource['urn'])} is protected: deploy the phase archived again with `pulumi up`"


def _archive(facts: Facts, outputs: Mapping[str, Any], archive: Archive, clients: Clients) -> Iterator[str]:
    if _under_way(facts, clients.s3):
        return
    frozen = freeze.valid(facts, records.read(clients.s3, facts, records.FREEZE))
    if frozen is None:
        yield f"there is no freeze on record: run `python -m ops close --stack {facts.stack}`"
        return
    evidence(archive, outputs, frozen, now=now())


def _under_way(facts: Facts, s3: Any) -> bool:
    """Whether a teardown that began with its proof has deleted the images already: there is nothing to compare with."""
    begun = records.read(s3, facts, records.TEARDOWN)
    if begun is None or begun.get("proved_at") or begun["image_bucket"] != facts.image_bucket:
        return False
    with explained(f"asking for {facts.image_bucket}"):
        try:
            s3.head_bucket(Bucket=facts.image_bucket)
        except ClientError as error:
            if code(error) not in records.ABSENT:
                raise
            return True
    return False


def _jobs(facts: Facts, backup: Any) -> Iterator[str]:
    """Jobs of the account on what is named like this stack; a restore names no source, so any of them counts."""
    for what, (call, answer, state, states) in UNDER_WAY.items():
        for current in states:
            with explained(f"asking whether a {what} is under way"):
                jobs = getattr(backup, call)(**{f"By{state}": current})[answer]
            for job in jobs:
                if facts.prefix in job.get("ResourceArn", facts.prefix):
                    yield f"a {what} is under way ({job.get('ResourceArn', 'of this account')}): {WAIT}"


def _database(facts: Facts, rds: Any) -> Iterator[str]:
    with explained("asking whether the database is exported"):
        exports = rds.describe_export_tasks()["ExportTasks"]
    for task in exports:
        if task["Status"].upper() in EXPORTING and facts.prefix in task["SourceArn"]:
            yield f"the export {task['ExportTaskIdentifier']} is under way: {WAIT}"
    with explained("asking whether a snapshot is taken"):
        snapshots = [
            snapshot
            for page in rds.get_paginator("describe_db_cluster_snapshots").paginate()
            for snapshot in page["DBClusterSnapshots"]
        ]
    for snapshot in snapshots:
        if snapshot["Status"] == SNAPSHOTTING and snapshot["DBClusterIdentifier"] == facts.database_cluster:
            yield f"the snapshot {snapshot['DBClusterSnapshotIdentifier']} is being taken: {WAIT}"


def _logs(logs: Any) -> Iterator[str]:
    """An account exports one log group at a time."""
    for state in ("PENDING", "RUNNING"):
        with explained("asking whether logs are exported"):
            tasks = logs.describe_export_tasks(statusCode=state)["exportTasks"]
        for task in tasks:
            yield f"the log group {task.get('logGroupName', '?')} is being exported: {WAIT}"
