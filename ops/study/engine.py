"""Pulumi's engine through the automation API: a stack's outputs and resources, `up` and `destroy` with their events."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pulumi import automation
from pulumi.automation import CommandError, ConcurrentUpdateError, StackNotFoundError

from ops.plan.configuration import PROJECT
from ops.study.errors import StudyError

POLL_SECONDS = 0.2
WAIVERS = ("waivers.yaml", "waivers-closing.yaml")
Event = Mapping[str, Any]
Resource = dict[str, Any]
"""A resource of the state, as an export of the stack shows it."""
Watcher = Callable[[Event], None]


class Engine(Protocol):
    """What the commands need of an engine. The stack's lock keeps two operators from changing it at once."""

    def outputs(self) -> dict[str, Any]:
        """The stack's exports; empty once it is destroyed."""
        ...

    def resources(self) -> list[Resource]:
        """Resources in the state."""
        ...

    def up(self, watcher: Watcher) -> None:
        """Deploys, after a preview, with the policy pack and the waivers of a closing study."""
        ...

    def destroy(self, watcher: Watcher) -> None:
        """Deletes what is not retained, after a preview, which fails if a resource is still protected."""
        ...


class PulumiEngine:
    """A stack of the project at `folder`. `up` and `destroy` run as commands with a preview, unlike the API's methods
    of that name.
    """

    def __init__(self, stack: str, folder: Path = PROJECT) -> None:
        self.stack, self.folder = stack, folder
        with _explain_failure("finding Pulumi"):
            self._workspace = automation.LocalWorkspace(work_dir=str(folder))

    def outputs(self) -> dict[str, Any]:
        """The stack's exports, without secrets."""
        with _explain_failure(f"reading the outputs of {self.stack}"):
            outputs = self._workspace.stack_outputs(self.stack)
        return {name: output.value for name, output in outputs.items() if not output.secret}

    def resources(self) -> list[Resource]:
        """Resources in the state; their secrets stay encrypted."""
        with _explain_failure(f"reading the state of {self.stack}"):
            exported = self._workspace.export_stack(self.stack).deployment or {}
        return [dict(one) for one in exported.get("resources") or []]

    def up(self, watcher: Watcher) -> None:
        """`pulumi up` with the policy pack; StudyError with the engine's message."""
        policy = PROJECT / "policy"
        waivers = os.pathsep.join(str(policy / name) for name in WAIVERS)
        self._run(watcher, "up", "--policy-pack", str(policy), environment={"HIPAA_WAIVERS": waivers})

    def destroy(self, watcher: Watcher) -> None:
        """`pulumi destroy`; StudyError with the engine's message."""
        self._run(watcher, "destroy")

    def _run(
        self, watcher: Watcher, command: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "events.jsonl"
            log.touch()
            events: list[Event] = []
            # The failure is explained after all events are read, because one of them has the reason.
            with _explain_failure(f"pulumi {command}", events), follow_events(log, watcher, events):
                self._workspace.pulumi_command.run(
                    [
                        command,
                        "--yes",
                        *("--stack", self.stack),
                        *arguments,
                        "--suppress-outputs",
                        *("--event-log", str(log)),
                    ],
                    str(self.folder),
                    # Enables --event-log, as the automation API does.
                    {"PULUMI_DEBUG_COMMANDS": "true", **(environment or {})},
                )


@contextmanager
def follow_events(log: Path, watcher: Watcher, events: list[Event]) -> Generator[None]:
    """Passes each event to `watcher` when it is written, and appends it to `events`, which is complete at the end."""
    ended = threading.Event()

    def follow() -> None:
        with log.open(encoding="utf-8") as file:
            rest = ""
            while True:
                last = ended.is_set()
                *lines, rest = (rest + file.read()).split("\n")
                for line in lines:
                    events.append(json.loads(line))
                    watcher(events[-1])
                if last:
                    return
                ended.wait(POLL_SECONDS)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _explain_failure(doing: str, events: list[Event] | None = None) -> Generator[None]:
    """Converts a failure of the engine to a StudyError with the reason and the next step."""
    try:
        yield
    except ConcurrentUpdateError as error:
        raise StudyError(
            f"{doing}: somebody else is changing the stack. Wait until they are done; if their process was killed, "
            "run `pulumi cancel` and then this command again, which continues from there."
        ) from error
    except StackNotFoundError as error:
        raise StudyError(f"{doing}: this backend has no such stack: `pulumi stack ls` lists them") from error
    except (CommandError, FileNotFoundError) as error:
        reasons = list(_failure_reasons(events or ())) or [str(error).strip()]
        raise StudyError("\n".join([f"{doing} failed:", *(f"  {reason}" for reason in reasons)])) from error


def _failure_reasons(events: Iterable[Event]) -> Generator[str]:
    for event in events:
        diagnostic = event.get("diagnosticEvent") or {}
        if diagnostic.get("severity") == "error":
            where = f"{short_name(diagnostic['urn'])}: " if diagnostic.get("urn") else ""
            yield where + " ".join(diagnostic["message"].split())
        violation = event.get("policyEvent") or {}
        if violation.get("enforcementLevel") == "mandatory":
            where = short_name(violation["resourceUrn"]) if violation.get("resourceUrn") else "the stack"
            yield f"{violation['policyName']}: {where}: {' '.join(violation['message'].split())}"


def short_name(urn: str) -> str:
    """`aws:s3/bucket:Bucket storage-images`, for a URN."""
    kind, name = urn.split("::")[-2:]
    return f"{kind.rpartition('$')[2]} {name}"
