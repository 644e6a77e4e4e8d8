"""What the steps of a rehearsal know of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation.events import OpType

from rehearsal.driver import Rehearsal
from rehearsal.operations import Result, Watcher

Resources = list[dict[str, Any]]


class RehearsalFailed(RuntimeError):
    """All commands were content, but what they did is not what this project promises."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An object in the image bucket: its bytes by number and SHA-256 (hexadecimal), and whose it is."""

    key: str
    type: int
    bytes: int
    sha256: str
    study: str
    series: str
    instance: str


@dataclass
class Record:
    """What the rehearsal has seen so far. `compared`: archived objects that have the checksum of what was sent."""

    deployed: Resources = field(default_factory=list)
    up: Result | None = None
    update: Result | None = None
    ending: Mapping[str, Any] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    archived: Mapping[str, Any] = field(default_factory=dict)
    torn: Mapping[str, Any] = field(default_factory=dict)
    compared: int = 0
    restored: int = 0
    retained: list[str] = field(default_factory=list)


Step = Callable[[Rehearsal, Record, Watcher], str]


def described(result: Result) -> str:
    """`153 created, 2 updated`."""
    words = {OpType.CREATE: "created", OpType.UPDATE: "updated", OpType.DELETE: "deleted", OpType.SAME: "unchanged"}
    return ", ".join(f"{number} {words.get(operation, operation.value)}" for operation, number in result.counts.items())


def must(condition: object, why: str) -> None:
    """RehearsalFailed unless it holds."""
    if not condition:
        raise RehearsalFailed(why)
