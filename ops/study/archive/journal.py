"""Progress of an archive run: one small object, written by the holder of the lock after each step."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from ops.study.store.archive_store import ArchiveStore
from ops.study.store.lock import Lock

NAME = "journal.json"
Section = dict[str, Any]
"""Notes of one step, as JSON values."""


class Journal:
    """The current run. Its state is running, failed (the next run starts over) or complete."""

    def __init__(self, store: ArchiveStore, lock: Lock, content: Section) -> None:
        self.store, self.lock, self.content = store, lock, content

    @classmethod
    def open(cls, store: ArchiveStore, lock: Lock, *, again: bool) -> Journal:
        """The run that was interrupted, or a new one if there is none or `again` is set."""
        stored = store.get(NAME)
        content = stored.json() if stored else {}
        if again or content.get("state") != "running":
            now = store.now()
            content = {"state": "running", "run": run_name(now), "started": now.isoformat()}
            journal = cls(store, lock, content)
            journal.save()
            return journal
        return cls(store, lock, content)

    @property
    def run(self) -> str:
        """Name of the run."""
        return self.content["run"]

    def section(self, *names: str) -> Section:
        """What a step has noted; empty at first."""
        section = self.content
        for name in names:
            section = section.setdefault(name, {})
        return section

    def save(self) -> None:
        """Writes the journal; ArchiveError if the lock was taken over."""
        self.lock.check()
        self.store.put_json(NAME, self.content)

    def end(self, state: str) -> None:
        """Ends the run with `state`."""
        self.content["state"] = state
        self.save()


def run_name(now: datetime) -> str:
    """A name that sorts by time, of lower-case letters, digits and single hyphens, as AWS requires."""
    return f"{now:%Y%m%dt%H%M%Sz}-{secrets.token_hex(2)}"
