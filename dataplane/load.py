"""Clients that store small studies all the time and remember what was acknowledged."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import urllib3

from dataplane import studies
from dataplane.dicomweb import STORED, Client, acknowledged, parts
from dataplane.store import Store
from dataplane.studies import Instance

SLICES = 8
"""Instances of a study; each goes in a request of its own."""

LONGEST = 30
"""Seconds after which a load stops by itself."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request of a load: when it began and ended, and its status; 0 if the connection broke."""

    began: float
    ended: float
    status: int
    instance: Instance


class Load:
    """Sends from `clients` threads while it is entered. A failed request is not repeated."""

    def __init__(self, client: Callable[[], Client], *, clients: int = 4, size: int = 64) -> None:
        self.client, self.clients, self.size = client, clients, size
        self.requests: list[Request] = []
        self.digests: dict[str, str] = {}
        """SHA-256 of each acknowledged instance by its UID."""
        self._kept: dict[str, list[Instance]] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._pool = ThreadPoolExecutor(clients)
        self._running: Sequence[Any] = ()

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._running = [self._pool.submit(self._work) for _ in range(self.clients)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._running:
            one.result(60)
        self._pool.shutdown()

    def _work(self) -> None:
        client = self.client()
        while not self._stop.is_set() and time.monotonic() < self.began + LONGEST:
            for instance in studies.ct(SLICES, size=self.size):
                if not self._stop.is_set():
                    self._send(client, instance)

    def _send(self, client: Client, instance: Instance) -> None:
        began = time.monotonic()
        try:
            answer = client.store(instance.data)
            status, stored = answer.status, acknowledged(answer)
        except urllib3.exceptions.HTTPError:
            status, stored = 0, set()
        with self._lock:
            self.requests.append(Request(began=began, ended=time.monotonic(), status=status, instance=instance))
            if instance.uid in stored:
                self.digests[instance.uid] = hashlib.sha256(instance.data).hexdigest()
                self._kept.setdefault(instance.study, []).append(instance)

    def wait(self, more: int, timeout: float = 20) -> None:
        """Waits until `more` instances were acknowledged from now on."""
        until, wanted = time.monotonic() + timeout, len(self.digests) + more
        while len(self.digests) < wanted:
            assert time.monotonic() < until, f"{len(self.digests)} of {wanted} were stored: {self.summary()}"
            time.sleep(0.02)

    @property
    def failed(self) -> list[Request]:
        """Requests that acknowledged nothing."""
        return [one for one in self.requests if one.instance.uid not in self.digests]

    @property
    def unacknowledged(self) -> list[Instance]:
        """What a client would send again."""
        return [one.instance for one in self.failed]

    def summary(self) -> dict[str, Any]:
        """Requests, and how many of each status failed."""
        statuses = [one.status for one in self.failed]
        return {"requests": len(self.requests), "failed": {status: statuses.count(status) for status in set(statuses)}}

    def lost(self, client: Client) -> list[str]:
        """Acknowledged instances that `client` does not get back byte for byte."""
        with ThreadPoolExecutor(2) as pool:
            read = pool.map(lambda study: retrieved(client, f"/dicom-web/studies/{study}"), list(self._kept))
            found = {hashlib.sha256(data).hexdigest() for study in read for data in study}
        return [uid for uid, digest in self.digests.items() if digest not in found]


def retrieved(client: Client, path: str, tries: int = 150) -> list[bytes]:
    """What WADO-RS has below `path`. After an outage each pooled connection of plugin 5.0 fails once, so it is repeated."""
    for _ in range(tries):
        answer = client.request("GET", path, headers={"Accept": STORED})
        if answer.status == 200:
            return list(parts(answer.headers["Content-Type"], answer.data))
        time.sleep(0.1)  # nginx passes over a replica for a second once it has failed twice
    raise AssertionError(f"{path} can not be read: {answer.status}")


def assert_nothing_lost(store: Store, *loads: Load) -> None:
    """Everything acknowledged comes back through each replica, and what the index names is there once."""
    for load in loads:
        assert load.digests, "nothing was stored"
        for replica in store.replicas:
            assert load.lost(replica.client()) == []
    assert_index_is_whole(store)


def assert_index_is_whole(store: Store) -> None:
    """No row without its file, and no instance twice."""
    rows = {uuid for [uuid] in store.rows("SELECT uuid FROM attachedfiles")}
    assert rows <= store.files(), "a row has no file"
    [[instances, distinct]] = store.rows(
        "SELECT count(*), count(DISTINCT publicid) FROM resources WHERE resourcetype = 3"
    )
    assert instances == distinct, "an instance is there twice"


def recovered(store: Store, timeout: float = 20, row: int = 6) -> float:
    """Seconds until `row` instances in a row were stored, so that every replica had its turn."""
    began, good, client = time.monotonic(), 0, store.client()
    while good < row:
        assert time.monotonic() < began + timeout, "it did not recover by itself"
        [instance] = studies.ct(1, size=64)
        good = good + 1 if acknowledged(client.store(instance.data)) else 0
    return time.monotonic() - began
