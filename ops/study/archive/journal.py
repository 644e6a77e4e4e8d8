"""How far an archive run is: one small object, written by the holder of the lock after each step."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from ops.study.archive.lock import Lock
from ops.study.archive.place import Place

NAME = "journal.json"


class Journal:
    """The present run. Its state is running, failed (it found problems: the next run begins anew) or complete."""

    def __init__(self, place: Place, lock: Lock, content: dict[str, Any]) -> None:
        self.place, self.lock, self.content = place, lock, content

    @classmethod
    def open(cls, place: Place, lock: Lock, *, again: bool) -> Journal:
        """The run that was cut off, or a new one where there is none to go on with."""
        stored = place.get(NAME)
        content = stored.json() if stored else {}
        if again or content.get("state") != "running":
            now = place.now()
            content = {"state": "running", "run": run_name(now), "started": now.isoformat()}
            journal = cls(place, lock, content)
            journal.save()
            return journal
        return cls(place, lock, content)

    @property
    def run(self) -> str:
        """Name of the run."""
        return self.content["run"]

    def section(self, *names: str) -> dict[str, Any]:
        """What a step keeps here; empty at first."""
        found = self.content
        for name in names:
            found = found.setdefault(name, {})
        return found

    def save(self) -> None:
        """Writes it; ArchiveError if the lock was taken away."""
        self.lock.check()
        self.place.put_json(NAME, self.content)

    def end(self, state: str) -> None:
        """The run is over."""
        self.content["state"] = state
        self.save()


def run_name(now: datetime) -> str:
    """Names sort by time, and fit where AWS wants lower-case letters, digits and single hyphens."""
    return f"{now:%Y%m%dt%H%M%Sz}-{secrets.token_hex(2)}"
