"""One operator at a time: an object in the archive bucket, written under conditions that S3 checks.

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

from ops.study.archive.errors import ArchiveError, explained
from ops.study.archive.place import Place, Taken

NAME = "lock.json"
BEAT_SECONDS = 60
STALE = timedelta(minutes=15)
"""A holder that gave no sign of life for so long is gone, and --take-over is accepted."""


class Lock:
    """The right to write the archive. It gives a sign of life every minute, and knows when it was taken away."""

    def __init__(self, place: Place, who: str, doing: str) -> None:
        self.place = place
        self.content = {"token": secrets.token_hex(16), "who": who, "host": socket.gethostname(), "doing": doing}
        self.etag = ""
        self.lost: str | None = None

    def take(self, *, take_over: bool = False) -> None:
        """ArchiveError if somebody else has it; then nothing was changed."""
        now = self.place.now()
        self.content["since"] = now.isoformat()
        stored = self.place.get(NAME)
        before = stored.json() if stored else {"state": "released"}
        if before["state"] == "held":
            self._refuse(before, now, take_over=take_over)
        try:
            self._write("held", now, if_etag=stored.etag if stored else None)
        except Taken:
            self._refuse(self._present(), now, take_over=False)

    def _refuse(self, before: dict[str, Any], now: datetime, *, take_over: bool) -> None:
        silent = now - datetime.fromisoformat(before["renewed"])
        if before["token"] == self.content["token"] or (take_over and silent >= STALE):
            return
        who = f"{before['who']} on {before['host']} runs `ops {before['doing']}` since {before['since']}"
        minutes = int(STALE.total_seconds() // 60)
        advice = (
            "it gives no sign of life any more: make sure that it does not run, then add --take-over"
            if silent >= STALE
            else f"wait for it to end. If it was killed, add --take-over {minutes} minutes after its last sign of life"
        )
        raise ArchiveError(f"{who}, last sign of life {before['renewed']}: {advice}")

    def _present(self) -> dict[str, Any]:
        return json.loads(self.place.need(NAME))

    def _write(self, state: str, now: datetime, *, if_etag: str | None) -> None:
        body = json.dumps({**self.content, "state": state, "renewed": now.isoformat()}).encode()
        try:
            self.etag = self.place.put(NAME, body, if_etag=if_etag, if_new=if_etag is None)
        except Taken:
            # A retry may have met what its own first attempt wrote.
            stored = self.place.get(NAME)
            if stored is None or stored.body != body:
                raise
            self.etag = stored.etag

    def renew(self) -> None:
        """A sign of life."""
        try:
            self._write("held", self.place.now(), if_etag=self.etag)
        except Taken:
            now = self._present()
            self.lost = f"{now['who']} on {now['host']} has taken the lock over at {now['since']}"

    def check(self) -> None:
        """ArchiveError if somebody else has taken it over."""
        if self.lost:
            raise ArchiveError(f"{self.lost}: this run stops; nothing is lost, and the other one goes on from here")

    def release(self) -> None:
        """Gives it back, if it is still ours."""
        try:
            self._write("released", self.place.now(), if_etag=self.etag)
        except Taken:
            self.lost = "somebody"

    @contextmanager
    def held(self, *, take_over: bool = False) -> Generator[Lock]:
        """Holds it for the block, with signs of life."""
        with explained("taking the lock"):
            self.take(take_over=take_over)
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_SECONDS) and not self.lost:
                with explained("renewing the lock"):
                    self.renew()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()
            with explained("giving the lock back"):
                if not self.lost:
                    self.release()
