"""The teardown itself: ask, record, destroy, prove. Each step can be run again, and a run that was killed goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.plan.configuration import PROJECT
from ops.study import records
from ops.study.engine import Engine, short
from ops.study.errors import Refused, StudyError
from ops.study.facts import EXPORT, Clients, Facts, now
from ops.study.progress import Progress
from ops.study.teardown import guards, proof
from ops.study.teardown.archive import Archive
from ops.study.teardown.proof import Remains

ROOT = "pulumi:pulumi:Stack"


def declared(stack: str) -> Mapping[str, Any]:
    """What the program would export: where the records lie, once the stack itself exports nothing any more."""
    from ops.plan import plan  # noqa: PLC0415  runs the program

    return plan(stack).exports


@dataclass(frozen=True, kw_only=True)
class Teardown:
    """One run of the command on one stack."""

    stack: str
    engine: Engine
    archive: Archive
    progress: Progress
    folder: Path = PROJECT
    clients: Callable[[str], Clients] = Clients.of
    declared: Callable[[str], Mapping[str, Any]] = declared

    def objections(self) -> list[str]:
        """What speaks against it now; nothing once the stack is destroyed."""
        outputs = self.engine.outputs()
        if EXPORT not in outputs and not self.engine.resources():
            return [] if self._begun() else [f"nothing is deployed in {self.stack}"]
        facts = Facts.of(outputs)
        return guards.objections(
            facts,
            outputs,
            stack=self.stack,
            engine=self.engine,
            archive=self.archive,
            clients=self.clients(facts.region),
            folder=self.folder,
        )

    def run(self, confirm: Callable[[Facts], str]) -> Remains:
        """Destroys the stack once nothing speaks against it and the study's id was typed; what is left.

        Refused, with nothing deleted, otherwise; StudyError if anything is left that should be gone.
        """
        outputs = self.engine.outputs()
        gone = EXPORT not in outputs and not self.engine.resources()
        facts = Facts.of(self.declared(self.stack) if gone else outputs)
        clients = self.clients(facts.region)
        if gone:
            clients.check(facts)
            if self._begun() is None:
                raise StudyError(f"nothing is deployed in {self.stack}, and no teardown of it is on record")
        else:
            self.progress.say("asking what speaks against it")
            found = self.objections()
            if found:
                raise Refused(f"{self.stack} is not torn down, nothing was deleted", found)
            guards.wrong_study(facts, confirm(facts))
            self._record(facts, clients)
            with self.progress.counting("pulumi destroy") as watcher:
                self.engine.destroy(watcher)
        return self._proved(facts, clients)

    def _begun(self) -> dict[str, Any] | None:
        facts = Facts.of(self.declared(self.stack))
        return records.read(self.clients(facts.region).s3, facts, records.TEARDOWN)

    def _record(self, facts: Facts, clients: Clients) -> None:
        """Before the first deletion: what there is. A run that goes on adds to what the first one saw."""
        before = records.read(clients.s3, facts, records.TEARDOWN)
        seen = {one["urn"]: one for one in (before or {}).get("resources", ()) if not (before or {}).get("proved_at")}
        seen |= {one["urn"]: one for one in map(_entry, self.engine.resources()) if one}
        record = {
            "study": facts.study,
            "environment": facts.environment,
            "account": facts.account,
            "stack": facts.stack,
            "image_bucket": facts.image_bucket,
            "begun_at": (before or {}).get("begun_at") or now().isoformat(timespec="seconds"),
            "operator": clients.check(facts),
            "resources": sorted(seen.values(), key=lambda one: one["urn"]),
        }
        records.write(clients.s3, facts, records.TEARDOWN, record)

    def _proved(self, facts: Facts, clients: Clients) -> Remains:
        left = [one for one in self.engine.resources() if one["type"] != ROOT]
        if left:
            raise StudyError(
                f"{len(left)} resources are left in the state, such as {short(left[0]['urn'])}: run the same command "
                "again, and it goes on from there"
            )
        record = records.read(clients.s3, facts, records.TEARDOWN)
        if record is None:
            raise StudyError(
                f"the teardown's record is gone from {facts.archive_bucket}: look at the trail for who did"
            )
        self.progress.say("looking for what is left in AWS")
        recorded = record["resources"]
        elsewhere = [region for region in proof.regions(facts, recorded) if region != facts.region]
        regional = {facts.region: clients, **{region: self.clients(region) for region in elsewhere}}
        found = proof.remains(facts, recorded, regional)
        if found.forgotten:
            raise Refused(
                "the stack is destroyed, but this is left in AWS and is not retained on purpose; delete it by hand, "
                "and run the same command again to prove it",
                list(found.forgotten),
            )
        records.write(
            clients.s3,
            facts,
            records.TEARDOWN,
            {
                **record,
                "proved_at": now().isoformat(timespec="seconds"),
                "kept": [one.to_json() for one in found.kept],
                "yearly_usd": float(found.yearly_usd),
            },
        )
        return found


def _entry(resource: Mapping[str, Any]) -> dict[str, Any] | None:
    if not resource.get("custom") or resource["type"].startswith("pulumi:"):
        return None
    return {
        "urn": resource["urn"],
        "type": resource["type"],
        "name": resource["urn"].rpartition("::")[2],
        "id": resource.get("id"),
        "arn": _text(resource.get("outputs", {}).get("arn")),
        "retain": bool(resource.get("retainOnDelete")),
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
