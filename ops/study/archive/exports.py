"""Exports of the database and the logs to the archive. AWS writes them; a run that was interrupted waits for them too.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from ops.study.archive.journal import Journal, Section
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.errors import RERUN, ArchiveError, code, explain_failure
from ops.study.store.options import Options
from ops.study.store.progress import Progress
from ops.study.store.target import Target

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import DescribeExportTasksRequestTypeDef
    from types_boto3_logs.type_defs import ExportTaskTypeDef as LogExportTypeDef
    from types_boto3_rds.type_defs import DBClusterSnapshotTypeDef, ExportTaskTypeDef

TIMEOUT_SECONDS = 24 * 3600
MAX_IDENTIFIER = 60
"""Characters of a snapshot export's identifier."""

Answer = TypeVar("Answer")


class Exports:
    """Exports of one run."""

    def __init__(
        self, target: Target, clients: Clients, options: Options, journal: Journal, progress: Progress
    ) -> None:
        self.target, self.clients, self.options = target, clients, options
        self.journal, self.progress = journal, progress
        self.store = ArchiveStore.for_target(target, clients.s3)

    def export_database(self) -> Section:
        """Takes the final snapshot and exports it as Parquet; the manifest's entry."""
        section = self.journal.section("database")
        if "done" in section:
            return section["done"]
        self.progress.start("database")
        prefix = self.store.key(f"database/{self.journal.run}")
        with explain_failure("taking the database's snapshot"):
            snapshot = self._wait_for("the snapshot", lambda: self._poll_snapshot(section))
            if snapshot.get("KmsKeyId") != self.target.database_key_arn:
                raise ArchiveError(
                    f"the snapshot is encrypted with {snapshot.get('KmsKeyId')}, not with the study's key "
                    f"{self.target.database_key_arn}: check databaseKeyArn of the stack's export `studyOutputs`"
                )
        arn = snapshot["DBClusterSnapshotArn"]
        with explain_failure("exporting the database"):
            self._wait_for("the database's export", lambda: self._poll_export(section, arn, prefix))
        section["done"] = {
            "cluster": self.target.database_cluster,
            "snapshot": arn,
            "engine": f"{snapshot.get('Engine')} {snapshot.get('EngineVersion')}",
            "key": self.target.database_key_arn,
            "export": self._identifier(section, "export"),
            "prefix": prefix,
        }
        self.journal.save()
        return section["done"]

    def export_logs(self) -> list[Section]:
        """Exports the log groups one after the other, as AWS requires; the manifest's entries."""
        self.progress.start("logs", len(self.target.log_groups))
        done = []
        for group in self.target.log_groups:
            with explain_failure(f"exporting the log group {group}"):
                done.append(self._export_log_group(group))
            self.progress.advance()
        return done

    def _identifier(self, section: Section, what: str) -> str:
        """A name that is the same after a kill and a new one after a failure, because AWS accepts no name twice."""
        attempt = section.get(f"{what}-attempt", 1)
        tail = f"-{self.journal.run}" + (f"-{attempt}" if attempt > 1 else "")
        return f"{self.target.study}-{self.target.environment}"[: MAX_IDENTIFIER - len(tail)].rstrip("-") + tail

    def _fail(self, section: Section, what: str, why: str) -> None:
        section[f"{what}-attempt"] = section.get(f"{what}-attempt", 1) + 1
        self.journal.save()
        raise ArchiveError(f"{why}. Fix the cause, then run the same command again: it starts a new one")

    def _wait_for(self, what: str, poll: Callable[[], Answer | None]) -> Answer:
        waited = 0.0
        while (answer := poll()) is None:
            self.journal.lock.check()
            if waited >= TIMEOUT_SECONDS:
                raise ArchiveError(f"{what} is not ready after {TIMEOUT_SECONDS // 3600} h. {RERUN}")
            self.progress.note(f"waiting for {what}")
            self.options.pause(self.options.poll_seconds)
            waited += self.options.poll_seconds
        return answer

    def _poll_snapshot(self, section: Section) -> DBClusterSnapshotTypeDef | None:
        """Starts the snapshot if there is none; None until it is available."""
        rds, name = self.clients.rds, self._identifier(section, "snapshot")
        try:
            snapshots = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"]
        except ClientError as error:
            if code(error) != "DBClusterSnapshotNotFoundFault":
                raise
            snapshots = []
        if not snapshots:
            tags = {"study": self.target.study, "environment": self.target.environment, "archive-run": self.journal.run}
            rds.create_db_cluster_snapshot(
                DBClusterSnapshotIdentifier=name,
                DBClusterIdentifier=self.target.database_cluster,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
            return None
        status = snapshots[0]["Status"]
        if status not in {"creating", "available", "copying"}:
            self._fail(section, "snapshot", f"the snapshot {name} is {status}")
        return snapshots[0] if status == "available" else None

    def _poll_export(self, section: Section, snapshot: str, prefix: str) -> ExportTaskTypeDef | None:
        """Starts the export if there is none; None until it is complete."""
        rds, name = self.clients.rds, self._identifier(section, "export")
        try:
            tasks = rds.describe_export_tasks(ExportTaskIdentifier=name)["ExportTasks"]
        except ClientError as error:
            if not code(error).startswith("ExportTaskNotFound"):
                raise
            tasks = []
        if not tasks:
            rds.start_export_task(
                ExportTaskIdentifier=name,
                SourceArn=snapshot,
                S3BucketName=self.target.archive_bucket,
                S3Prefix=prefix,
                IamRoleArn=self.target.export_role_arn or "",
                KmsKeyId=self.target.archive_key_arn,
            )
            return None
        status = tasks[0]["Status"].upper()
        if status in {"FAILED", "CANCELED", "CANCELING"}:
            cause = tasks[0].get("FailureCause") or "AWS names no cause"
            self._fail(section, "export", f"the database's export {name} is {status}: {cause}")
        if status == "COMPLETE" and next(self.store.names(f"database/{self.journal.run}/"), None) is None:
            self._fail(section, "export", f"the database's export {name} is complete but has written nothing")
        return tasks[0] if status == "COMPLETE" else None

    def _export_log_group(self, group: str) -> Section:
        section = self.journal.section("logs", group)
        if "done" in section:
            return section["done"]
        folder = f"logs/{self.journal.run}/{group.strip('/')}"
        if "to" not in section:
            section["to"] = int(self.store.now().timestamp() * 1000)
            self.journal.save()
        task = self._wait_for(f"the log group {group}", lambda: self._poll_log_export(section, group, folder))
        section["done"] = {
            "group": group,
            "task": task["taskId"],
            "to": section["to"],
            "prefix": self.store.key(folder),
        }
        self.journal.save()
        return section["done"]

    def _poll_log_export(self, section: Section, group: str, folder: str) -> LogExportTypeDef | None:
        """Starts the export if there is none; None until it is complete."""
        name = f"{self._identifier(section, 'task')}-{group.strip('/').replace('/', '-')}"
        task = self._find_log_export(name)
        if task is None:
            try:
                self.clients.logs.create_export_task(
                    taskName=name,
                    logGroupName=group,
                    fromTime=0,
                    to=section["to"],
                    destination=self.target.archive_bucket,
                    destinationPrefix=self.store.key(folder),
                )
            except ClientError as error:
                # An account runs one export at a time: https://docs.aws.amazon.com/…/cloudwatch_limits_cwl.html
                if code(error) != "LimitExceededException":
                    raise
            return None
        status = task["status"]["code"]
        if status in {"FAILED", "CANCELLED", "PENDING_CANCEL"}:
            self._fail(section, "task", f"the export of {group} is {status}: {task['status'].get('message', '')}")
        return task if status == "COMPLETED" else None

    def _find_log_export(self, name: str) -> LogExportTypeDef | None:
        request: DescribeExportTasksRequestTypeDef = {}
        while True:
            answer = self.clients.logs.describe_export_tasks(**request)
            for task in answer.get("exportTasks", ()):
                if task.get("taskName") == name:
                    return task
            if not answer.get("nextToken"):
                return None
            request = {"nextToken": answer["nextToken"]}
