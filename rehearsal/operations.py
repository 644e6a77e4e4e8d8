"""Runs one command of the engine and reads what it says, event by event."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi.automation.events import (
    DiagnosticEvent,
    EngineEvent,
    OpType,
    PolicyEvent,
    StepEventMetadata,
    SummaryEvent,
)

_POLL = 0.1  # seconds
_GRACE = 30  # seconds the engine has to end in order after an interrupt

Watcher = Callable[[EngineEvent], None]


class EngineError(RuntimeError):
    """A command of the engine failed; the message is the engine's own."""

    def __init__(self, result: Result) -> None:
        super().__init__(f"pulumi {result.command} failed (exit code {result.exit_code}):\n{result.message}")
        self.result = result


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one command did."""

    command: str
    exit_code: int
    seconds: float
    output: str
    events: Sequence[EngineEvent] = ()

    @property
    def summary(self) -> SummaryEvent | None:
        """The engine's own summary; None if it did not get that far."""
        return next((event.summary_event for event in reversed(self.events) if event.summary_event), None)

    @property
    def counts(self) -> Counter[OpType]:
        """Resources by operation, `same` included."""
        changes = self.summary.resource_changes if self.summary else {}
        return Counter({OpType(operation): number for operation, number in changes.items() if number})

    @property
    def changes(self) -> Counter[OpType]:
        """Resources by operation, without those that stayed the same."""
        return Counter({operation: number for operation, number in self.counts.items() if operation != OpType.SAME})

    @property
    def steps(self) -> list[StepEventMetadata]:
        """Steps that change something, in the engine's order."""
        planned = (event.resource_pre_event for event in self.events)
        return [event.metadata for event in planned if event and event.metadata.op != OpType.SAME]

    @property
    def violations(self) -> list[PolicyEvent]:
        """What the policy pack found."""
        return [event.policy_event for event in self.events if event.policy_event]

    @property
    def diagnostics(self) -> list[DiagnosticEvent]:
        """Errors and warnings."""
        shown = (event.diagnostic_event for event in self.events)
        return [event for event in shown if event and event.severity in {"error", "warning"}]

    @property
    def message(self) -> str:
        """Why it failed: the engine's errors, else all that it printed."""
        errors = [
            f"{short(event.urn)}: {event.message.strip()}" if event.urn else event.message.strip()
            for event in self.diagnostics
            if event.severity == "error"
        ]
        refused = [told(event) for event in self.violations if event.enforcement_level == "mandatory"]
        return "\n".join([*errors, *refused]) or self.output.strip()


class Operation:
    """One running command. It has a session of its own, so that Ctrl-C reaches the engine through us, once."""

    def __init__(self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path) -> None:
        self.command = arguments[0]
        self._log, self._output = log, log.with_suffix(".txt")
        self._started = time.monotonic()
        self._events: list[EngineEvent] = []
        self._read = 0
        log.write_text("")
        with self._output.open("w") as output:
            self.process = subprocess.Popen(  # noqa: S603  the CLI that set-up found or built
                ["pulumi", *arguments, "--event-log", str(log)],  # noqa: S607
                cwd=cwd,
                env={**environment, "PULUMI_DEBUG_COMMANDS": "true"},  # offers --event-log, as the automation API does
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, watcher: Watcher | None = None) -> Result:
        """The result once the command has ended; `watcher` sees each event as it comes."""
        try:
            while self.process.poll() is None:
                self._follow(watcher)
                time.sleep(_POLL)
        except KeyboardInterrupt:
            self.interrupt()
            raise
        self._follow(watcher)
        return Result(
            command=self.command,
            exit_code=self.process.returncode,
            seconds=time.monotonic() - self._started,
            output=self._output.read_text(errors="replace"),
            events=tuple(self._events),
        )

    def interrupt(self) -> None:
        """Ask the engine to end: it finishes what is under way, saves the state and releases the stack."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_GRACE)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # asked twice: at once
            self.kill()

    def kill(self) -> None:
        """End the engine at once, as a lost machine would; the stack stays locked."""
        self.process.kill()
        self.process.wait()

    def _follow(self, watcher: Watcher | None) -> None:
        with self._log.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    return  # still being written
                self._read += len(line)
                event = EngineEvent.from_json(json.loads(line))
                self._events.append(event)
                if watcher:
                    watcher(event)


def short(urn: str) -> str:
    """`aws:s3/bucket:Bucket storage-images`, for a URN."""
    kind, name = urn.split("::")[-2:]
    return f"{kind.rpartition('$')[2]} {name}"


def told(violation: PolicyEvent) -> str:
    """A policy violation in one line."""
    where = short(violation.resource_urn) if violation.resource_urn else "the stack"
    return f"{violation.enforcement_level} {violation.policy_name}: {where}: {' '.join(violation.message.split())}"
