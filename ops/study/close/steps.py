"""The steps between the phases: checks, change of the settings, deployment, and proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ops.plan.configuration import PROJECT
from ops.study import phase
from ops.study.clients import Clients
from ops.study.close import freeze
from ops.study.engine import Engine
from ops.study.errors import StudyError
from ops.study.outputs import StudyOutputs
from ops.study.progress import Progress
from ops.study.records import Record
from ops.study.verify.evidence import Archive, require_evidence


@dataclass(frozen=True, kw_only=True)
class Closing:
    """One run of the command on one stack."""

    stack: str
    engine: Engine
    archive: Archive
    progress: Progress
    folder: Path = PROJECT
    clients: Callable[[str], Clients] = Clients.for_region
    pause: Callable[[float], None] = field(default=time.sleep)

    def close(self, *, deploy: bool = True, quiet: int = freeze.QUIET_SECONDS, restart: bool = False) -> Record:
        """Deploys `closing` unless it is deployed already, and proves the freeze; its record."""
        outputs, clients = self._start("closing")
        configured = phase.configured_phase(self.stack, self.folder)
        if outputs.phase != "closing":
            if not deploy:
                raise StudyError(
                    f"the phase that is deployed is {outputs.phase}: deploy `closing` by the pipeline first, or run "
                    "without `--prove`"
                )
            outputs = self._deploy("closing")
        elif configured != "closing":
            raise StudyError(
                f"closing is deployed, but Pulumi.{self.stack}.yaml says {configured}, and the next deployment would "
                "undo it: set the phase in the file to closing"
            )
        if restart:
            freeze.void(outputs, clients)
        return freeze.prove(outputs, clients, quiet=quiet, show_step=self.progress.show, pause=self.pause)

    def deploy_archived(self) -> None:
        """Deploys `archived`, in which the image bucket can be deleted. Requires a verified archive of its images."""
        outputs, clients = self._start("archived")
        record = freeze.read_record(clients, outputs)
        if record is None:
            raise StudyError(f"there is no freeze record: run `python -m ops close --stack {self.stack}` first")
        self.progress.show("checking whether the archive is complete")
        require_evidence(self.archive, self.engine.outputs(), record, now=datetime.now(UTC))
        if outputs.phase != "archived":
            self._deploy("archived")

    def reopen(self) -> None:
        """Deploys `active` again. The freeze record is voided first, so that it never claims what is not true."""
        outputs, clients = self._start("active", reopen=True)
        freeze.void(outputs, clients)
        if outputs.phase != "active":
            self._deploy("active")

    def _start(self, target: str, *, reopen: bool = False) -> tuple[StudyOutputs, Clients]:
        """Checks stack, phase and account before anything is changed."""
        outputs = StudyOutputs.from_exports(self.engine.outputs())
        if outputs.stack != self.stack:
            raise StudyError(f"these outputs are of the stack {outputs.stack}, not of {self.stack}")
        refusal = phase.refusal(outputs.phase, target, reopen=reopen)
        if refusal:
            raise StudyError(f"{self.stack} cannot go to the phase {target}: {refusal}")
        clients = self.clients(outputs.region)
        clients.check_account(outputs)
        return outputs, clients

    def _deploy(self, target: str) -> StudyOutputs:
        changed = phase.set_phase(self.stack, target, self.folder)
        if changed:
            self.progress.show(f"Pulumi.{self.stack}.yaml: phase is now {target}; commit it")
        with self.progress.count_resources(f"pulumi up ({target})") as watcher:
            self.engine.up(watcher)
        outputs = StudyOutputs.from_exports(self.engine.outputs())
        if outputs.phase != target:
            raise StudyError(f"pulumi up ended, but {outputs.phase} is deployed: nothing is frozen. Run it again")
        return outputs
