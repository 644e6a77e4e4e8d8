"""The teardown: check, confirm, record, destroy, prove. It can be run again, and continues after it was killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops.plan import plan
from ops.plan.configuration import PROJECT
from ops.study import records
from ops.study.clients import Clients
from ops.study.engine import Engine, Resource, short_name
from ops.study.errors import Refused, StudyError
from ops.study.outputs import EXPORT, Exports, StudyOutputs
from ops.study.progress import Progress
from ops.study.records import Record
from ops.study.teardown import blockers, proof
from ops.study.teardown.proof import Remains
from ops.study.verify.evidence import Archive

ROOT = "pulumi:pulumi:Stack"


def planned_exports(stack: str) -> Exports:
    """The exports that the program declares, to find the records once the destroyed stack exports nothing."""
    return plan(stack).exports


@dataclass(frozen=True, kw_only=True)
class Teardown:
    """One run of the command on one stack."""

    stack: str
    engine: Engine
    archive: Archive
    progress: Progress
    folder: Path = PROJECT
    clients: Callable[[str], Clients] = Clients.for_region
    planned_exports: Callable[[str], Exports] = planned_exports

    def find_blockers(self) -> list[str]:
        """Current blockers; none once the stack is destroyed."""
        exports = self.engine.outputs()
        if EXPORT not in exports and not self.engine.resources():
            return [] if self._read_record() else [f"nothing is deployed in {self.stack}"]
        outputs = StudyOutputs.from_exports(exports)
        return blockers.find_blockers(
            outputs,
            exports,
            stack=self.stack,
            engine=self.engine,
            archive=self.archive,
            clients=self.clients(outputs.region),
            folder=self.folder,
        )

    def run(self, confirm: Callable[[StudyOutputs], str]) -> Remains:
        """Destroys the stack if nothing blocks it and `confirm` returns the study's id; what remains.

        Refused, with nothing deleted, otherwise; StudyError if there are leftovers.
        """
        exports = self.engine.outputs()
        gone = EXPORT not in exports and not self.engine.resources()
        outputs = StudyOutputs.from_exports(self.planned_exports(self.stack) if gone else exports)
        clients = self.clients(outputs.region)
        if gone:
            clients.check_account(outputs)
            if self._read_record() is None:
                raise StudyError(f"nothing is deployed in {self.stack}, and there is no record of a teardown")
        else:
            self.progress.show("checking what blocks the teardown")
            found = self.find_blockers()
            if found:
                raise Refused(f"{self.stack} is not torn down, nothing was deleted", found)
            blockers.check_study(outputs, confirm(outputs))
            self._write_record(outputs, clients)
            with self.progress.count_resources("pulumi destroy") as watcher:
                self.engine.destroy(watcher)
        return self._prove(outputs, clients)

    def _read_record(self) -> Record | None:
        outputs = StudyOutputs.from_exports(self.planned_exports(self.stack))
        return records.read(self.clients(outputs.region).s3, outputs, records.TEARDOWN)

    def _write_record(self, outputs: StudyOutputs, clients: Clients) -> None:
        """Records all resources before the first deletion. A run that continues adds to the record of the first."""
        before = records.read(clients.s3, outputs, records.TEARDOWN)
        seen = {one["urn"]: one for one in (before or {}).get("resources", ()) if not (before or {}).get("proved_at")}
        seen |= {one["urn"]: one for one in map(_record_entry, self.engine.resources()) if one}
        record = {
            "study": outputs.study,
            "environment": outputs.environment,
            "account": outputs.account,
            "stack": outputs.stack,
            "image_bucket": outputs.image_bucket,
            "begun_at": (before or {}).get("begun_at") or datetime.now(UTC).isoformat(timespec="seconds"),
            "operator": clients.check_account(outputs),
            "resources": sorted(seen.values(), key=lambda one: one["urn"]),
        }
        records.write(clients.s3, outputs, records.TEARDOWN, record)

    def _prove(self, outputs: StudyOutputs, clients: Clients) -> Remains:
        """Looks for what remains in state and AWS, and completes the record."""
        left = [one for one in self.engine.resources() if one["type"] != ROOT]
        if left:
            raise StudyError(
                f"{len(left)} resources are left in the state, such as {short_name(left[0]['urn'])}: run the same "
                "command again, and it continues from there"
            )
        record = records.read(clients.s3, outputs, records.TEARDOWN)
        if record is None:
            raise StudyError(
                f"the teardown's record is gone from {outputs.archive_bucket}: the audit trail shows who deleted it"
            )
        self.progress.show("looking for what is left in AWS")
        recorded = record["resources"]
        elsewhere = [region for region in proof.used_regions(outputs, recorded) if region != outputs.region]
        regional = {outputs.region: clients, **{region: self.clients(region) for region in elsewhere}}
        remains = proof.find_remains(outputs, recorded, regional)
        if remains.leftover:
            raise Refused(
                "the stack is destroyed, but this is left in AWS and is not retained on purpose; delete it by hand, "
                "and run the same command again to prove it",
                list(remains.leftover),
            )
        records.write(
            clients.s3,
            outputs,
            records.TEARDOWN,
            {
                **record,
                "proved_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "kept": [one.to_json() for one in remains.kept],
                "yearly_usd": float(remains.yearly_usd),
            },
        )
        return remains


def _record_entry(resource: Resource) -> Record | None:
    if not resource.get("custom") or resource["type"].startswith("pulumi:"):
        return None
    return {
        "urn": resource["urn"],
        "type": resource["type"],
        "name": resource["urn"].rpartition("::")[2],
        "id": resource.get("id"),
        "arn": _string_or_none(resource.get("outputs", {}).get("arn")),
        "retain": bool(resource.get("retainOnDelete")),
    }


def _string_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
