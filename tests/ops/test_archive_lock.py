"""The lock allows one operator at a time, and can be taken over only from a holder without heartbeats."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from ops.study.archive.run import archive
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.errors import ArchiveError
from ops.study.store.lock import STALE, Lock
from ops.study.verify.objects import ReadOptions
from ops.study.verify.verification import verify
from tests.ops.conftest import ARCHIVE, Store

KEY = "studies/octank/prod/lock.json"


def archive_store(store: Store) -> ArchiveStore:
    return ArchiveStore.for_target(store.target, store.clients.s3)


def lock(store: Store, who: str) -> Lock:
    return Lock(archive_store(store), who, "archive")


def test_a_second_operator_learns_who_holds_the_lock_since_when(store: Store):
    with lock(store, "arn:aws:iam::123456789012:user/ada").hold() as first:
        before = store.versions(ARCHIVE)
        with pytest.raises(ArchiveError, match=r"user/ada on .* has run `ops archive` since .*: wait for it to end"):
            archive(store.target, store.clients, store.options)
        assert store.versions(ARCHIVE) == before, "a refused run writes nothing"
        first.check()


def test_a_lock_with_heartbeats_cannot_be_taken_over(store: Store):
    with lock(store, "ada").hold(), pytest.raises(ArchiveError, match="wait for it to end"):
        lock(store, "bob").take(take_over=True)


def test_a_lock_without_heartbeats_can_be_taken_over_with_the_option(store: Store):
    lock(store, "ada").take()
    store.ahead = STALE.total_seconds() + 1
    with pytest.raises(ArchiveError, match=r"no longer sends heartbeats: make sure .* then add --take-over"):
        lock(store, "bob").take()
    archive(store.target, store.clients, store.with_options(take_over=True))


def test_a_heartbeat_keeps_the_lock(store: Store):
    first = lock(store, "ada")
    first.take()
    store.ahead = STALE.total_seconds() - 1
    first.renew()
    store.ahead += STALE.total_seconds() - 1
    with pytest.raises(ArchiveError, match="wait for it to end"):
        lock(store, "bob").take(take_over=True)


def test_a_run_that_lost_the_lock_stops_writing(store: Store):
    first = lock(store, "ada")
    first.take()
    store.ahead = STALE.total_seconds() + 1
    lock(store, "bob").take(take_over=True)
    first.renew()
    with pytest.raises(ArchiveError, match=r"bob on .* has taken the lock over"):
        first.check()
    first.release()
    body = store.clients.s3.get_object(Bucket=ARCHIVE, Key=KEY)["Body"].read()
    assert (json.loads(body)["who"], json.loads(body)["state"]) == ("bob", "held")


def test_one_of_several_concurrent_operators_gets_the_lock(store: Store):
    got: list[str] = []
    start = threading.Barrier(4)

    def run(who: str) -> None:
        start.wait()
        try:
            lock(store, who).take()
            got.append(who)
        except ArchiveError:
            pass

    threads = [threading.Thread(target=run, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_the_lock_is_released_after_an_error(store: Store):
    with pytest.raises(ArchiveError, match="bare has no"), lock(store, "ada").hold():
        raise ArchiveError("bare has no lock")
    lock(store, "bob").take()


def test_a_retried_write_of_the_lock_succeeds(store: Store, monkeypatch: pytest.MonkeyPatch):
    """The first attempt was written but its answer was lost, so that the second one fails its condition."""
    first = lock(store, "ada")
    real = first.store.put

    def put_twice(name: str, body: bytes, **condition: Any) -> str:
        real(name, body, **condition)
        return real(name, body, **condition)

    monkeypatch.setattr(first.store, "put", put_twice)
    first.take()
    first.check()


def test_verify_and_archive_exclude_each_other(store: Store):
    archive(store.target, store.clients, store.options)
    with lock(store, "ada").hold(), pytest.raises(ArchiveError, match="ada on"):
        verify(store.target, store.clients, store.options, ReadOptions())


def test_studies_have_separate_locks(store: Store):
    other = replace(store.target, archive_prefix="studies/other/prod")
    with lock(store, "ada").hold():
        archive(other, store.clients, store.options)
