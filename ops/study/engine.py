"""Pulumi's engine, through the automation API: what is deployed, `up` and `destroy`, event by event."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from ops.plan.configuration import PROJECT
from ops.study.errors import StudyError

POLL_SECONDS = 0.2
WAIVERS = ("waivers.yaml", "waivers-closing.yaml")
Event = Mapping[str, Any]
Watcher = Callable[[Event], None]


class Engine(Protocol):
    """What the end of a study asks of an engine. The stack's lock keeps two operators from changing it at once."""

    def outputs(self) -> dict[str, Any]:
        """The stack's exports; empty once it is destroyed."""
        ...

    def resources(self) -> list[dict[str, Any]]:
        """Resources in the state, as an export shows them."""
        ...

    def up(self, watcher: Watcher) -> None:
        """Deploys, after a preview, with the policy pack and the waivers of a study that ends."""
        ...

    def destroy(self, watcher: Watcher) -> None:
        """Deletes all that is not retained, after a preview: what is still protected stops it before the first."""
        ...


class PulumiEngine:
    """The stack in the project at `folder`. Its commands are the automation API's own, but `up` and `destroy` keep
    their previews, which the API's methods of that name skip.
    """

    def __init__(self, stack: str, folder: Path = PROJECT) -> None:
        from pulumi import automation  # noqa: PLC0415  slow to import

        self.stack, self.folder = stack, folder
        with _told("finding Pulumi"):
            self._workspace = automation.LocalWorkspace(work_dir=str(folder))

    def outputs(self) -> dict[str, Any]:
        """The stack's exports, secrets left out."""
        with _told(f"reading the outputs of {self.stack}"):
            found = self._workspace.stack_outputs(self.stack)
        return {name: output.value for name, output in found.items() if not output.secret}

    def resources(self) -> list[dict[str, Any]]:
        """Resources in the state; their secrets stay encrypted."""
        with _told(f"reading the state of {self.stack}"):
            exported = self._workspace.export_stack(self.stack).deployment or {}
        return [dict(one) for one in exported.get("resources") or []]

    def up(self, watcher: Watcher) -> None:
        """`pulumi up` with the policy pack; StudyError with the engine's own words."""
        policy = PROJECT / "policy"
        waivers = os.pathsep.join(str(policy / name) for name in WAIVERS)
        self._run(watcher, "up", "--policy-pack", str(policy), environment={"HIPAA_WAIVERS": waivers})

    def destroy(self, watcher: Watcher) -> None:
        """`pulumi destroy`; StudyError with the engine's own words."""
        self._run(watcher, "destroy")

    def _run(
        self, watcher: Watcher, command: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "events.jsonl"
            log.touch()
            events: list[Event] = []
            # The failure is told when all events are read, or its reason may not be among them.
            with _told(f"pulumi {command}", events), followed(log, watcher, events):
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
                    # Offers --event-log, as the automation API does.
                    {"PULUMI_DEBUG_COMMANDS": "true", **(environment or {})},
                )


@contextmanager
def followed(log: Path, watcher: Watcher, events: list[Event]) -> Generator[None]:
    """Hands each event to `watcher` as it is written, and adds it to `events`, which has all of them in the end."""
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
def _told(doing: str, events: list[Event] | None = None) -> Generator[None]:
    """Turns a failure of the engine into a StudyError with its reason and the next step."""
    from pulumi.automation import CommandError, ConcurrentUpdateError, StackNotFoundError  # noqa: PLC0415

    try:
        yield
    except ConcurrentUpdateError as error:
        raise StudyError(
            f"{doing}: somebody else is changing the stack. Wait until they are done; if their process was killed, "
            "run `pulumi cancel` and then this command again, which goes on from there."
        ) from error
    except StackNotFoundError as error:
        raise StudyError(f"{doing}: there is no such stack in this backend: `pulumi stack ls` lists them") from error
    except (CommandError, FileNotFoundError) as error:
        reasons = list(_reasons(events or ())) or [str(error).strip()]
        raise StudyError("\n".join([f"{doing} failed:", *(f"  {reason}" for reason in reasons)])) from error


def _reasons(events: Iterator[Event] | list[Event] | tuple[Event, ...]) -> Generator[str]:
    for event in events:
        said = event.get("diagnosticEvent") or {}
        if said.get("severity") == "error":
            where = f"{short(said['urn'])}: " if said.get("urn") else ""
            yield where + " ".join(said["message"].split())
        broken = event.get("policyEvent") or {}
        if broken.get("enforcementLevel") == "mandatory":
            where = short(broken["resourceUrn"]) if broken.get("resourceUrn") else "the stack"
            yield f"{broken['policyName']}: {where}: {' '.join(broken['message'].split())}"


def short(urn: str) -> str:
    """`aws:s3/bucket:Bucket storage-images`, for a URN."""
    kind, name = urn.split("::")[-2:]
    return f"{kind.rpartition('$')[2]} {name}"
