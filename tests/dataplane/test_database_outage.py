"""The database goes away and comes back: nothing acknowledged is lost, and the store recovers by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError

from dataplane import store as stores
from dataplane import studies
from dataplane.container import certificate_name
from dataplane.dicomweb import acknowledged
from dataplane.load import Load, assert_index_is_whole, assert_nothing_lost, recovered, retrieved
from dataplane.postgresql import DATABASE, MASTER
from dataplane.replica import Replica
from dataplane.store import Store

CONNECTIONS = 60
NO_DATABASE = 255


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store, whose database another client can fill."""
    parameters = {"max_connections": str(CONNECTIONS)}
    with stores.running(tmp_path_factory.mktemp("prod"), parameters=parameters) as started:
        yield started


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_database_stops_in_mid_load_and_comes_back(mode: str, prod: Store):
    with Load(prod.client, clients=3) as load:
        load.wait(12)
        prod.database.stop(mode)
        known = len(load.digests)
        time.sleep(1)
        assert len(load.digests) <= known + load.clients, "something was acknowledged without a database"
        assert prod.web.healthy(), "the balancer would take nginx out"
        prod.database.start()
        seconds = recovered(prod)
        load.wait(12)
    assert load.failed, "it never was away"
    assert {one.status for one in load.failed} <= {0, 400, 500, 502, 503, 504}
    assert all(replica.running for replica in prod.replicas)
    print(f"{mode}: {load.summary()}, recovered in {seconds:.1f} s")  # noqa: T201
    assert_nothing_lost(prod, load)


def test_reads_say_that_the_database_is_away_and_work_when_it_is_back(prod: Store):
    [instance] = studies.ct(1, size=64)
    assert prod.client().store(instance.data).status == 200
    prod.database.stop()
    for path in ("/dicom-web/studies", instance.path):
        answer = prod.client().request("GET", path)
        assert answer.status >= 500 or answer.status == 404, path
        assert b"rror:" not in answer.data
    prod.database.start()
    recovered(prod)
    for replica in prod.replicas:
        assert retrieved(replica.client(), instance.path) == [instance.data]


def test_no_connection_is_left_for_orthanc(prod: Store):
    [kept], late = studies.ct(1, size=64), studies.ct(4, size=64)
    assert prod.client().store(kept.data).status == 200
    with ThreadPoolExecutor(4) as pool, prod.database.as_superuser(DATABASE) as superuser, ExitStack() as held:
        superuser.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'orthanc'")
        with suppress(DatabaseError, InterfaceError):
            for _ in range(CONNECTIONS):
                held.enter_context(prod.database.connect(MASTER, prod.database.master_password))
        waiting = [pool.submit(prod.client().store, one.data) for one in late]
        time.sleep(1)
        known = [acknowledged(one.result()) for one in waiting if one.done()]
        assert not any(known), "something was acknowledged without a database"
    stored = set().union(*(acknowledged(one.result(60)) for one in waiting))
    recovered(prod)
    for one in late:
        if one.uid in stored:
            assert retrieved(prod.client(), one.path) == [one.data]
    assert retrieved(prod.client(), kept.path) == [kept.data]
    assert_index_is_whole(prod)


@pytest.mark.parametrize("missing", ["server", "password"])
def test_orthanc_gives_up_without_its_database(missing: str, prod: Store, tmp_path: Path):
    app, database = prod.stack.tasks["app"], prod.database
    fewer = {
        '"MaximumConnectionRetries": 30': '"MaximumConnectionRetries": 2',
        '"ConnectionRetryInterval": 2': '"ConnectionRetryInterval": 1',
    }
    replica = Replica(
        tmp_path / "app", app, host=certificate_name(app), database=database, storage=prod.storage, more=fewer
    )
    if missing == "password":
        replica.environment["PG_PASSWORD"] = app.secrets["PG_PASSWORD"][::-1]
    else:
        database.stop()
    try:
        replica.start()
        assert replica.process is not None
        assert replica.process.wait(30) == NO_DATABASE
        said = replica.log.read_text()
        assert said.count("Database is currently unavailable, retrying") >= 2
        assert app.secrets["PG_PASSWORD"] not in said
    finally:
        if missing == "server":
            database.start()
            recovered(prod)
