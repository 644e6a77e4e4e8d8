"""The steps between the phases: set it, deploy it, and what has to hold before and after."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.plan.configuration import PROJECT
from ops.study import phase, records
from ops.study.close import freeze
from ops.study.engine import Engine
from ops.study.errors import StudyError
from ops.study.facts import Clients, Facts, now
from ops.study.progress import Progress
from ops.study.teardown.archive import Archive, evidence


@dataclass(frozen=True, kw_only=True)
class Closing:
    """One run of the command on one stack."""

    stack: str
    engine: Engine
    archive: Archive
    progress: Progress
    folder: Path = PROJECT
    clients: Callable[[str], Clients] = Clients.of
    pause: Callable[[float], None] = field(default=time.sleep)

    def close(self, *, deploy: bool = True, quiet: int = freeze.QUIET_SECONDS, anew: bool = False) -> dict[str, Any]:
        """Deploys `closing` unless it is deployed already, and proves the freeze; its record."""
        facts, clients = self._start("closing")
        if facts.phase != "closing":
            if not deploy:
                raise StudyError(
                    f"the phase that is deployed is {facts.phase}: deploy `closing` by the pipeline first, or leave "
                    "`--prove` out"
                )
            facts = self._deploy("closing")
        elif phase.wanted(self.stack, self.folder) != "closing":
            raise StudyError(
                f"closing is deployed, but Pulumi.{self.stack}.yaml says "
                f"{phase.wanted(self.stack, self.folder)}: the next deployment would undo it. Correct the file"
            )
        if anew:
            freeze.void(facts, clients)
        return freeze.prove(facts, clients, quiet=quiet, say=self.progress.say, pause=self.pause)

    def archived(self) -> None:
        """Deploys `archived`, which lets the image bucket go with its images: only with a verified archive of them."""
        facts, clients = self._start("archived")
        frozen = freeze.valid(facts, records.read(clients.s3, facts, records.FREEZE))
        if frozen is None:
            raise StudyError(f"there is no freeze on record: run `python -m ops close --stack {self.stack}` first")
        self.progress.say("asking whether the archive is complete")
        evidence(self.archive, self.engine.outputs(), frozen, now=now())
        if facts.phase != "archived":
            self._deploy("archived")

    def reopen(self) -> None:
        """Deploys `active` again and voids the freeze first: a record must never claim what no longer holds."""
        facts, clients = self._start("active", reopen=True)
        freeze.void(facts, clients)
        if facts.phase != "active":
            self._deploy("active")

    def _start(self, target: str, *, reopen: bool = False) -> tuple[Facts, Clients]:
        facts = Facts.of(self.engine.outputs())
        if facts.stack != self.stack:
            raise StudyError(f"these outputs are of the stack {facts.stack}, not of {self.stack}")
        refused = phase.refusal(facts.phase, target, reopen=reopen)
        if refused:
            raise StudyError(f"{self.stack} cannot be brought to {target}: {refused}")
        clients = self.clients(facts.region)
        clients.check(facts)
        return facts, clients

    def _deploy(self, target: str) -> Facts:
        changed = phase.put(self.stack, target, self.folder)
        if changed:
            self.progress.say(f"Pulumi.{self.stack}.yaml: phase is now {target}; commit it")
        with self.progress.counting(f"pulumi up ({target})") as watcher:
            self.engine.up(watcher)
        facts = Facts.of(self.engine.outputs())
        if facts.phase != target:
            raise StudyError(f"pulumi up ended, and yet {facts.phase} is deployed: nothing is frozen. Run it again")
        return facts
