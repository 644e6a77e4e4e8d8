"""The database and the logs into the archive: AWS writes, this waits, and a run that was cut off waits on.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from ops.study.archive.clients import Clients, Options
from ops.study.archive.errors import AGAIN, ArchiveError, code, explained
from ops.study.archive.journal import Journal
from ops.study.archive.pace import Progress
from ops.study.archive.place import Place
from ops.study.archive.target import Target

PATIENCE_SECONDS = 24 * 3600
IDENTIFIER_LIMIT = 60
"""Of a snapshot export's identifier."""


class Exports:
    """Exports for one run."""

    def __init__(
        self, target: Target, clients: Clients, options: Options, journal: Journal, progress: Progress
    ) -> None:
        self.target, self.clients, self.options = target, clients, options
        self.journal, self.progress = journal, progress
        self.place = Place.of(target, clients.s3)

    def database(self) -> dict[str, Any]:
        """Takes the final snapshot, exports it as Parquet; what the manifest says of them."""
        kept = self.journal.section("database")
        if "done" in kept:
            return kept["done"]
        self.progress.start("database")
        prefix = self.place.key(f"database/{self.journal.run}")
        with explained("taking the database's snapshot"):
            snapshot = self._awaited("the snapshot", lambda: self._snapshot(kept))
            if snapshot.get("KmsKeyId") != self.target.database_key_arn:
                raise ArchiveError(
                    f"the snapshot is encrypted with {snapshot.get('KmsKeyId')}, not with the study's key "
                    f"{self.target.database_key_arn}: check databaseKeyArn of the stack's export `ending`"
                )
        arn = snapshot["DBClusterSnapshotArn"]
        with explained("exporting the database"):
            self._awaited("the database's export", lambda: self._export(kept, arn, prefix))
        kept["done"] = {
            "cluster": self.target.database_cluster,
            "snapshot": arn,
            "engine": f"{snapshot.get('Engine')} {snapshot.get('EngineVersion')}",
            "key": self.target.database_key_arn,
            "export": self._identifier(kept, "export"),
            "prefix": prefix,
        }
        self.journal.save()
        return kept["done"]

    def logs(self) -> list[dict[str, Any]]:
        """Exports each log group, one after the other, as AWS allows; what the manifest says of them."""
        self.progress.start("logs", len(self.target.log_groups))
        done = []
        for group in self.target.log_groups:
            with explained(f"exporting the log group {group}"):
                done.append(self._log_group(group))
            self.progress.advance()
        return done

    def _identifier(self, kept: dict[str, Any], what: str) -> str:
        """A name that is the same after a kill, and another one after a failure, because AWS takes none twice."""
        attempt = kept.get(f"{what}-attempt", 1)
        tail = f"-{self.journal.run}" + (f"-{attempt}" if attempt > 1 else "")
        return f"{self.target.study}-{self.target.environment}"[: IDENTIFIER_LIMIT - len(tail)].rstrip("-") + tail

    def _failed(self, kept: dict[str, Any], what: str, why: str) -> None:
        kept[f"{what}-attempt"] = kept.get(f"{what}-attempt", 1) + 1
        self.journal.save()
        raise ArchiveError(f"{why}. Put the cause right, then run the same command again: it is tried anew")

    def _awaited(self, what: str, ask: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
        waited = 0.0
        while (answer := ask()) is None:
            self.journal.lock.check()
            if waited >= PATIENCE_SECONDS:
                raise ArchiveError(f"{what} is not ready after {PATIENCE_SECONDS // 3600} h. {AGAIN}")
            self.progress.note(f"waiting for {what}")
            self.options.pause(self.options.poll_seconds)
            waited += self.options.poll_seconds
        return answer

    def _snapshot(self, kept: dict[str, Any]) -> dict[str, Any] | None:
        rds, name = self.clients.rds, self._identifier(kept, "snapshot")
        try:
            found = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"]
        except ClientError as error:
            if code(error) != "DBClusterSnapshotNotFoundFault":
                raise
            found = []
        if not found:
            tags = {"study": self.target.study, "environment": self.target.environment, "archive-run": self.journal.run}
            rds.create_db_cluster_snapshot(
                DBClusterSnapshotIdentifier=name,
                DBClusterIdentifier=self.target.database_cluster,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
            return None
        status = found[0]["Status"]
        if status not in {"creating", "available", "copying"}:
            self._failed(kept, "snapshot", f"the snapshot {name} is {status}")
        return found[0] if status == "available" else None

    def _export(self, kept: dict[str, Any], snapshot: str, prefix: str) -> dict[str, Any] | None:
        rds, name = self.clients.rds, self._identifier(kept, "export")
        try:
            found = rds.describe_export_tasks(ExportTaskIdentifier=name)["ExportTasks"]
        except ClientError as error:
            if not code(error).startswith("ExportTaskNotFound"):
                raise
            found = []
        if not found:
            rds.start_export_task(
                ExportTaskIdentifier=name,
                SourceArn=snapshot,
                S3BucketName=self.target.archive_bucket,
                S3Prefix=prefix,
                IamRoleArn=self.target.export_role_arn,
                KmsKeyId=self.target.archive_key_arn,
            )
            return None
        status = found[0]["Status"].upper()
        if status in {"FAILED", "CANCELED", "CANCELING"}:
            cause = found[0].get("FailureCause") or "AWS names no cause"
            self._failed(kept, "export", f"the database's export {name} is {status}: {cause}")
        if status == "COMPLETE" and next(self.place.names(f"database/{self.journal.run}/"), None) is None:
            self._failed(kept, "export", f"the database's export {name} is complete and has written nothing")
        return found[0] if status == "COMPLETE" else None

    def _log_group(self, group: str) -> dict[str, Any]:
        kept = self.journal.section("logs", group)
        if "done" in kept:
            return kept["done"]
        folder = f"logs/{self.journal.run}/{group.strip('/')}"
        if "to" not in kept:
            kept["to"] = int(self.place.now().timestamp() * 1000)
            self.journal.save()
        task = self._awaited(f"the log group {group}", lambda: self._log_task(kept, group, folder))
        kept["done"] = {"group": group, "task": task["taskId"], "to": kept["to"], "prefix": self.place.key(folder)}
        self.journal.save()
        return kept["done"]

    def _log_task(self, kept: dict[str, Any], group: str, folder: str) -> dict[str, Any] | None:
        name = f"{self._identifier(kept, 'task')}-{group.strip('/').replace('/', '-')}"
        task = self._task_called(name)
        if task is None:
            try:
                self.clients.logs.create_export_task(
                    taskName=name,
                    logGroupName=group,
                    fromTime=0,
                    to=kept["to"],
                    destination=self.target.archive_bucket,
                    destinationPrefix=self.place.key(folder),
                )
            except ClientError as error:
                # Another export of this account is running: https://docs.aws.amazon.com/…/cloudwatch_limits_cwl.html
                if code(error) != "LimitExceededException":
                    raise
            return None
        status = task["status"]["code"]
        if status in {"FAILED", "CANCELLED", "PENDING_CANCEL"}:
            self._failed(kept, "task", f"the export of {group} is {status}: {task['status'].get('message', '')}")
        return task if status == "COMPLETED" else None

    def _task_called(self, name: str) -> dict[str, Any] | None:
        token: dict[str, str] = {}
        while True:
            answer = self.clients.logs.describe_export_tasks(**token)
            for task in answer.get("exportTasks", ()):
                if task.get("taskName") == name:
                    return task
            if not answer.get("nextToken"):
                return None
            token = {"nextToken": answer["nextToken"]}
