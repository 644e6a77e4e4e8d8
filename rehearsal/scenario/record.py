"""What the steps of a rehearsal record for the next ones and for the summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation.events import OpType

from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.operations import Result, Watcher

Resources = list[dict[str, Any]]


class RehearsalError(RuntimeError):
    """A command succeeded, but its result is not what this project guarantees."""


@dataclass(frozen=True, kw_only=True)
class SentObject:
    """An object in the image bucket: its size, SHA-256 (hexadecimal) and DICOM UIDs."""

    key: str
    type: int
    bytes: int
    sha256: str
    study: str
    series: str
    instance: str


@dataclass
class Record:
    """Results so far. `compared` counts the archived objects whose checksum equals that of the object sent."""

    deployed: Resources = field(default_factory=list)
    up: Result | None = None
    update: Result | None = None
    study_outputs: Mapping[str, Any] = field(default_factory=dict)
    sent: list[SentObject] = field(default_factory=list)
    archived: Mapping[str, Any] = field(default_factory=dict)
    teardown: Mapping[str, Any] = field(default_factory=dict)
    compared: int = 0
    restored: int = 0
    retained: list[str] = field(default_factory=list)


Step = Callable[[Rehearsal, Record, Watcher], str]


def format_counts(result: Result) -> str:
    """`153 created, 2 updated`."""
    words = {OpType.CREATE: "created", OpType.UPDATE: "updated", OpType.DELETE: "deleted", OpType.SAME: "unchanged"}
    return ", ".join(f"{number} {words.get(operation, operation.value)}" for operation, number in result.counts.items())


def require(condition: object, message: str) -> None:
    """Raise RehearsalError with the message unless the condition is true."""
    if not condition:
        raise RehearsalError(message)
