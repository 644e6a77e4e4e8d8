"""Clients that store small studies continuously and record which instances were acknowledged."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import urllib3

from dataplane.clients.dicomweb import Client, ResponseError, acknowledged_uids
from dataplane.samples import studies
from dataplane.samples.studies import Instance

SLICES = 8
"""Instances of a study; each is sent in its own request."""

MAX_SECONDS = 30
"""Duration after which a load stops by itself."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request of a load, with its times and status; the status is 0 if the connection broke."""

    began: float
    ended: float
    status: int
    instance: Instance


class Load:
    """Sends from `clients` threads for as long as the context lasts. A failed request is not repeated."""

    def __init__(self, client: Callable[[], Client], *, clients: int = 4, size: int = 64) -> None:
        self.client, self.clients, self.size = client, clients, size
        self.requests: list[Request] = []
        self.digests: dict[str, str] = {}
        """SHA-256 of each acknowledged instance by its UID."""
        self._studies: set[str] = set()
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._pool = ThreadPoolExecutor(clients)
        self._running: Sequence[Any] = ()

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._running = [self._pool.submit(self._work) for _ in range(self.clients)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for future in self._running:
            future.result(60)
        self._pool.shutdown()

    def _work(self) -> None:
        client = self.client()
        while not self._stop.is_set() and time.monotonic() < self.began + MAX_SECONDS:
            for instance in studies.ct_series(SLICES, size=self.size):
                if not self._stop.is_set():
                    self._send(client, instance)

    def _send(self, client: Client, instance: Instance) -> None:
        began = time.monotonic()
        try:
            response = client.store(instance.data)
            status, stored = response.status, acknowledged_uids(response)
        except urllib3.exceptions.HTTPError:
            status, stored = 0, set()
        with self._lock:
            self.requests.append(Request(began=began, ended=time.monotonic(), status=status, instance=instance))
            if instance.uid in stored:
                self.digests[instance.uid] = hashlib.sha256(instance.data).hexdigest()
                self._studies.add(instance.study)

    def wait(self, more: int, timeout: float = 20) -> None:
        """Waits until `more` instances are acknowledged from now on. TimeoutError if they are not."""
        until, wanted = time.monotonic() + timeout, len(self.digests) + more
        while len(self.digests) < wanted:
            if time.monotonic() >= until:
                raise TimeoutError(f"{len(self.digests)} of {wanted} instances were stored: {self.summary()}")
            time.sleep(0.02)

    @property
    def failed(self) -> list[Request]:
        """Requests whose instance was not acknowledged."""
        return [request for request in self.requests if request.instance.uid not in self.digests]

    @property
    def unacknowledged(self) -> list[Instance]:
        """Instances that a client would send again."""
        return [request.instance for request in self.failed]

    def summary(self) -> dict[str, Any]:
        """The number of requests, and of failed ones by status."""
        statuses = [request.status for request in self.failed]
        return {"requests": len(self.requests), "failed": {status: statuses.count(status) for status in set(statuses)}}

    def lost_uids(self, client: Client) -> list[str]:
        """Acknowledged instances that `client` cannot retrieve byte for byte."""
        with ThreadPoolExecutor(2) as pool:
            read = pool.map(lambda study: retrieve_with_retries(client, f"/dicom-web/studies/{study}"), self._studies)
            found = {hashlib.sha256(data).hexdigest() for study in read for data in study}
        return [uid for uid, digest in self.digests.items() if digest not in found]


def retrieve_with_retries(client: Client, path: str, tries: int = 150) -> list[bytes]:
    """The instances below `path`. ResponseError after `tries` attempts.

    After an outage each pooled connection of PostgreSQL plugin 5.0 fails once, and nginx skips a replica for a second
    once two requests to it have failed.
    """
    for _ in range(tries - 1):
        try:
            return client.retrieve(path)
        except ResponseError:
            time.sleep(0.1)
    return client.retrieve(path)


def wait_for_recovery(client: Client, timeout: float = 20, in_a_row: int = 6) -> float:
    """Seconds until `in_a_row` instances were stored one after the other, so that each replica served some.

    TimeoutError if that does not happen.
    """
    began, stored = time.monotonic(), 0
    while stored < in_a_row:
        if time.monotonic() >= began + timeout:
            raise TimeoutError(f"the store did not recover within {timeout} s")
        [instance] = studies.ct_series(1, size=64)
        stored = stored + 1 if acknowledged_uids(client.store(instance.data)) else 0
    return time.monotonic() - began
