"""One operator at a time; a lock whose holder is gone can be taken over, and then only."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from ops.study import archive
from ops.study.archive.lock import STALE, Lock
from ops.study.archive.place import Place
from tests.ops.conftest import ARCHIVE, Store

KEY = "studies/octank/prod/lock.json"


def place(store: Store) -> Place:
    return Place.of(store.target, store.clients.s3)


def lock(store: Store, who: str) -> Lock:
    return Lock(place(store), who, "archive")


def test_the_second_operator_is_told_who_is_at_it_and_since_when(store: Store):
    with lock(store, "arn:aws:iam::123456789012:user/ada").held() as held:
        before = store.versions(ARCHIVE)
        with pytest.raises(
            archive.ArchiveError, match=r"user/ada on .* runs `ops archive` since .*: wait for it to end"
        ):
            archive.archive(store.target, store.clients, store.options)
        assert store.versions(ARCHIVE) == before, "the refused one wrote nothing"
        held.check()


def test_a_lock_that_is_alive_cannot_be_taken_over(store: Store):
    with lock(store, "ada").held(), pytest.raises(archive.ArchiveError, match="wait for it to end"):
        lock(store, "bob").take(take_over=True)


def test_a_silent_lock_needs_the_flag(store: Store):
    lock(store, "ada").take()
    store.ahead = STALE.total_seconds() + 1
    with pytest.raises(archive.ArchiveError, match=r"no sign of life any more: make sure .* then add --take-over"):
        lock(store, "bob").take()
    archive.archive(store.target, store.clients, store.having(take_over=True))


def test_a_sign_of_life_keeps_it(store: Store):
    held = lock(store, "ada")
    held.take()
    store.ahead = STALE.total_seconds() - 1
    held.renew()
    store.ahead += STALE.total_seconds() - 1
    with pytest.raises(archive.ArchiveError, match="wait for it to end"):
        lock(store, "bob").take(take_over=True)


def test_who_lost_it_writes_nothing_more(store: Store):
    held = lock(store, "ada")
    held.take()
    store.ahead = STALE.total_seconds() + 1
    lock(store, "bob").take(take_over=True)
    held.renew()
    with pytest.raises(archive.ArchiveError, match=r"bob on .* has taken the lock over"):
        held.check()
    held.release()
    body = store.clients.s3.get_object(Bucket=ARCHIVE, Key=KEY)["Body"].read()
    assert (json.loads(body)["who"], json.loads(body)["state"]) == ("bob", "held")


def test_of_many_at_once_one_gets_it(store: Store):
    got: list[str] = []
    start = threading.Barrier(4)

    def run(who: str) -> None:
        start.wait()
        try:
            lock(store, who).take()
            got.append(who)
        except archive.ArchiveError:
            pass

    threads = [threading.Thread(target=run, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_it_is_given_back_after_an_error(store: Store):
    with pytest.raises(archive.ArchiveError, match="bare has no"), lock(store, "ada").held():
        raise archive.ArchiveError("bare has no lock")
    lock(store, "bob").take()


def test_a_write_that_was_retried_is_known_again(store: Store, monkeypatch: pytest.MonkeyPatch):
    """The first attempt arrived and its answer did not: the second one meets the first one's work."""
    held = lock(store, "ada")
    real = held.place.put

    def twice(name: str, body: bytes, **condition: Any) -> str:
        real(name, body, **condition)
        return real(name, body, **condition)

    monkeypatch.setattr(held.place, "put", twice)
    held.take()
    held.check()


def test_verify_and_archive_exclude_each_other(store: Store):
    archive.archive(store.target, store.clients, store.options)
    with lock(store, "ada").held(), pytest.raises(archive.ArchiveError, match="ada on"):
        archive.verify(store.target, store.clients, store.options, archive.Reading())


def test_studies_do_not_exclude_each_other(store: Store):
    other = replace(store.target, archive_prefix="studies/other/prod")
    with lock(store, "ada").held():
        archive.archive(other, store.clients, store.options)
