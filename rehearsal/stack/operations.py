"""Runs one command of the engine and reads its events."""

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
_GRACE = 30  # seconds in which the engine must end after an interrupt

Watcher = Callable[[EngineEvent], None]


class EngineError(RuntimeError):
    """A command of the engine failed; the message is the engine's own."""

    def __init__(self, result: Result) -> None:
        super().__init__(f"pulumi {result.command} failed (exit code {result.exit_code}):\n{result.message}")
        self.result = result


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of one command."""

    command: str
    exit_code: int
    seconds: float
    output: str
    events: Sequence[EngineEvent] = ()

    @property
    def summary(self) -> SummaryEvent | None:
        """The engine's summary; None if it failed before."""
        return next((event.summary_event for event in reversed(self.events) if event.summary_event), None)

    @property
    def counts(self) -> Counter[OpType]:
        """Resources by operation, `same` included."""
        changes = self.summary.resource_changes if self.summary else {}
        return Counter({OpType(operation): number for operation, number in changes.items() if number})

    @property
    def changes(self) -> Counter[OpType]:
        """Resources by operation, `same` excluded."""
        return Counter({operation: number for operation, number in self.counts.items() if operation != OpType.SAME})

    @property
    def steps(self) -> list[StepEventMetadata]:
        """Steps that change something, in the engine's order."""
        planned = (event.resource_pre_event for event in self.events)
        return [event.metadata for event in planned if event and event.metadata.op != OpType.SAME]

    @property
    def violations(self) -> list[PolicyEvent]:
        """Violations that the policy pack reported."""
        return [event.policy_event for event in self.events if event.policy_event]

    @property
    def diagnostics(self) -> list[DiagnosticEvent]:
        """Errors and warnings."""
        shown = (event.diagnostic_event for event in self.events)
        return [event for event in shown if event and event.severity in {"error", "warning"}]

    @property
    def message(self) -> str:
        """Why it failed: the engine's errors and mandatory violations, else all of its output."""
        errors = [
            f"{short_name(event.urn)}: {event.message.strip()}" if event.urn else event.message.strip()
            for event in self.diagnostics
            if event.severity == "error"
        ]
        rejected = [format_violation(event) for event in self.violations if event.enforcement_level == "mandatory"]
        return "\n".join([*errors, *rejected]) or self.output.strip()


class Operation:
    """A running command. It has a session of its own, so that Ctrl-C reaches the engine once, through this process."""

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
                env={**environment, "PULUMI_DEBUG_COMMANDS": "true"},  # enables --event-log, as the automation API does
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, watcher: Watcher | None = None) -> Result:
        """Wait for the command to end and return its result; `watcher` gets each event as it arrives."""
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
        """Interrupt the engine: it finishes running operations, saves the state and unlocks the stack."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_GRACE)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # a second Ctrl-C: end at once
            self.kill()

    def kill(self) -> None:
        """Kill the engine, as a crash of the machine would; the stack stays locked."""
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


def short_name(urn: str) -> str:
    """`aws:s3/bucket:Bucket storage-images`, for a URN."""
    kind, name = urn.split("::")[-2:]
    return f"{kind.rpartition('$')[2]} {name}"


def format_violation(violation: PolicyEvent) -> str:
    """A policy violation in one line."""
    where = short_name(violation.resource_urn) if violation.resource_urn else "the stack"
    return f"{violation.enforcement_level} {violation.policy_name}: {where}: {' '.join(violation.message.split())}"
