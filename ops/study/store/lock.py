"""Lock of the archive: one operator at a time, by an object that is written with conditional requests.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from ops.study.store.archive_store import ArchiveStore, PreconditionFailed
from ops.study.store.errors import ArchiveError, explain_failure

NAME = "lock.json"
HEARTBEAT_SECONDS = 60
STALE = timedelta(minutes=15)
"""Age of the last heartbeat from which --take-over is accepted."""


class Lock:
    """The right to write the archive. Its heartbeat is written every minute and detects a takeover."""

    def __init__(self, store: ArchiveStore, who: str, doing: str) -> None:
        self.store = store
        self.content = {"token": secrets.token_hex(16), "who": who, "host": socket.gethostname(), "doing": doing}
        self.etag = ""
        self.lost: str | None = None

    def take(self, *, take_over: bool = False) -> None:
        """Takes the lock; ArchiveError, with nothing changed, if another operator holds it."""
        now = self.store.now()
        self.content["since"] = now.isoformat()
        stored = self.store.get(NAME)
        before = stored.json() if stored else {"state": "released"}
        if before["state"] == "held":
            self._check_holder(before, now, take_over=take_over)
        try:
            self._write("held", now, if_etag=stored.etag if stored else None)
        except PreconditionFailed:
            self._check_holder(self._read(), now, take_over=False)

    def _check_holder(self, holder: dict[str, Any], now: datetime, *, take_over: bool) -> None:
        """ArchiveError unless this lock is the holder, or may be taken over."""
        silent_for = now - datetime.fromisoformat(holder["renewed"])
        if holder["token"] == self.content["token"] or (take_over and silent_for >= STALE):
            return
        who = f"{holder['who']} on {holder['host']} has run `ops {holder['doing']}` since {holder['since']}"
        minutes = int(STALE.total_seconds() // 60)
        advice = (
            "it no longer sends heartbeats: make sure that it has stopped, then add --take-over"
            if silent_for >= STALE
            else f"wait for it to end. If it was killed, add --take-over {minutes} minutes after its last heartbeat"
        )
        raise ArchiveError(f"{who}, last heartbeat {holder['renewed']}: {advice}")

    def _read(self) -> dict[str, Any]:
        return json.loads(self.store.require(NAME))

    def _write(self, state: str, now: datetime, *, if_etag: str | None) -> None:
        body = json.dumps({**self.content, "state": state, "renewed": now.isoformat()}).encode()
        try:
            self.etag = self.store.put(NAME, body, if_etag=if_etag, if_new=if_etag is None)
        except PreconditionFailed:
            # A retried request fails if its first attempt was written.
            stored = self.store.get(NAME)
            if stored is None or stored.body != body:
                raise
            self.etag = stored.etag

    def renew(self) -> None:
        """Writes a heartbeat; notes if the lock was taken over."""
        try:
            self._write("held", self.store.now(), if_etag=self.etag)
        except PreconditionFailed:
            holder = self._read()
            self.lost = f"{holder['who']} on {holder['host']} has taken the lock over at {holder['since']}"

    def check(self) -> None:
        """ArchiveError if another operator has taken the lock over."""
        if self.lost:
            raise ArchiveError(f"{self.lost}: this run stops; nothing is lost, and the other run continues from here")

    def release(self) -> None:
        """Releases the lock unless it was taken over."""
        try:
            self._write("released", self.store.now(), if_etag=self.etag)
        except PreconditionFailed:
            self.lost = "somebody"

    @contextmanager
    def hold(self, *, take_over: bool = False) -> Generator[Lock]:
        """Holds the lock for the block, with heartbeats."""
        with explain_failure("taking the lock"):
            self.take(take_over=take_over)
        ended = threading.Event()

        def send_heartbeats() -> None:
            while not ended.wait(HEARTBEAT_SECONDS) and not self.lost:
                with explain_failure("renewing the lock"):
                    self.renew()

        thread = threading.Thread(target=send_heartbeats, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()
            with explain_failure("releasing the lock"):
                if not self.lost:
                    self.release()
