"""A replica is killed or stopped under load: acknowledged instances remain, and the other replica serves."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.clients.load import Load
from dataplane.processes.replica import Replica
from dataplane.samples import studies
from dataplane.store import Store
from tests.dataplane.checks import assert_nothing_lost

ROUNDS = 10
Record = Callable[[str, object], None]


def kill_replica(prod: Store, round_number: int) -> tuple[Load, dict[str, float]]:
    """One round: a replica is killed under load and started again."""
    replica = prod.replicas[round_number % len(prod.replicas)]
    with Load(prod.client) as load:
        load.wait(12)
        died = time.monotonic()
        replica.kill()
        load.wait(12)
        again = time.monotonic()
        replica.start()
        replica.wait()
        started = time.monotonic() - again
        wait_until_used(prod, replica)
    late = [one.ended - died for one in load.failed if one.ended > died]
    figures = {
        "requests": len(load.requests),
        "failed": len(load.failed),
        "error_rate": round(len(load.failed) / len(load.requests), 3),
        "last_failure_seconds": round(max(late, default=0), 2),
        "restart_seconds": round(started, 2),
    }
    assert len(late) == len(load.failed), "requests failed before the replica was killed"
    return load, figures


def wait_until_used(prod: Store, replica: Replica, requests: int = 6) -> None:
    """Waits until nginx uses a failed replica again, so that the next one can be killed."""
    began, until = len(prod.web.log.read_text()), time.monotonic() + 20
    while time.monotonic() < until:
        served = prod.web.log.read_text()[began:].count(
            f'"upstream":"127.0.0.1:{replica.https}","upstream_status":"200"'
        )
        if served >= requests:
            return
        time.sleep(0.05)
    raise TimeoutError("nginx does not use the replica")


def test_killing_a_replica_ten_times_loses_nothing_acknowledged(prod: Store, record_property: Record):
    rounds, loads = [], []
    for number in range(ROUNDS):
        load, figures = kill_replica(prod, number)
        loads.append(load)
        rounds.append(figures)
        record_property(f"round_{number + 1}", figures)
        print(f"round {number + 1}: {figures}")  # noqa: T201
        # Only requests in flight at the replica can fail, one for each client.
        assert figures["failed"] <= load.clients
    assert_nothing_lost(prod, *loads)
    summary = {
        "rounds": ROUNDS,
        "acknowledged": sum(len(load.digests) for load in loads),
        "lost": 0,
        "failed": sum(figures["failed"] for figures in rounds),
        "worst_error_rate": max(figures["error_rate"] for figures in rounds),
        "worst_last_failure_seconds": max(figures["last_failure_seconds"] for figures in rounds),
        "worst_restart_seconds": max(figures["restart_seconds"] for figures in rounds),
    }
    record_property("summary", summary)
    print(f"summary: {summary}")  # noqa: T201
    for instance in (one for load in loads for one in load.unacknowledged):
        assert acknowledged_uids(prod.client().store(instance.data)) == {instance.uid}, "it cannot be sent again"
        assert prod.client().retrieve(instance.path) == [instance.data]


def test_a_series_is_retrieved_completely_while_a_replica_is_down(prod: Store):
    slices = studies.ct_series(20, size=64)
    client = prod.client()
    assert acknowledged_uids(client.store(*(one.data for one in slices))) == {one.uid for one in slices}
    prod.replicas[1].kill()
    for _ in range(6):
        assert sorted(client.retrieve(f"/dicom-web/studies/{slices[0].study}")) == sorted(one.data for one in slices)
    prod.replicas[1].start()
    prod.replicas[1].wait()


@pytest.mark.parametrize("number", [0, 1])
def test_stopping_a_replica_fails_only_requests_in_flight(number: int, prod: Store):
    slices = studies.ct_series(20, size=64)
    assert acknowledged_uids(prod.client().store(*(one.data for one in slices))) == {one.uid for one in slices}
    replica, whole = prod.replicas[number], sorted(one.data for one in slices)
    with Load(prod.client, clients=3) as load, Reads(prod, slices[0].study, whole) as reads:
        load.wait(12)
        assert replica.stop(signal.SIGTERM) == 0
        load.wait(12)
        replica.start()
        replica.wait()
        load.wait(8)
    # A stopping Orthanc aborts responses in progress; none of them was an acknowledgement.
    assert len(load.failed) <= load.clients, load.summary()
    assert len(reads.wrong) <= 1, reads.wrong
    assert len(reads.statuses) > 5
    assert_nothing_lost(prod, load)


class Reads(Load):
    """Retrieves one study continuously."""

    def __init__(self, prod: Store, study: str, whole: list[bytes]) -> None:
        super().__init__(prod.client, clients=1)
        self.study, self.whole = study, whole
        self.statuses: list[int] = []
        self.wrong: list[str] = []

    def _work(self) -> None:
        client = self.client()
        while not self._stop.is_set():
            try:
                right = sorted(client.retrieve(f"/dicom-web/studies/{self.study}")) == self.whole
            except Exception as error:
                self.wrong.append(repr(error))
            else:
                self.statuses.append(200)
                self.wrong += [] if right else ["another response"]
