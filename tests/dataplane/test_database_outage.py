"""After an outage of the database no acknowledged instance is lost, and the store recovers by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError

from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.clients.load import Load, retrieve_with_retries, wait_for_recovery
from dataplane.processes.postgresql import DATABASE, MASTER
from dataplane.processes.replica import Replica
from dataplane.processes.tasks import certificate_name
from dataplane.samples import studies
from dataplane.store import Store, run_store
from ops.render import RenderedStack
from tests.dataplane.checks import assert_index_is_consistent, assert_nothing_lost

CONNECTIONS = 60
NO_DATABASE = 255


@pytest.fixture(scope="module")
def prod(stack: RenderedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store, with so few database connections that a test can use all of them."""
    parameters = {"max_connections": str(CONNECTIONS)}
    with run_store(tmp_path_factory.mktemp("prod"), stack, parameters=parameters) as store:
        yield store


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_the_database_under_load_loses_nothing(mode: str, prod: Store):
    with Load(prod.client, clients=3) as load:
        load.wait(12)
        prod.database.stop(mode)
        known = len(load.digests)
        time.sleep(1)
        assert len(load.digests) <= known + load.clients, "something was acknowledged without a database"
        assert prod.web.is_healthy(), "the load balancer would take nginx out of service"
        prod.database.start()
        seconds = wait_for_recovery(prod.client())
        load.wait(12)
    assert load.failed, "no request failed, so the outage was not seen"
    assert {one.status for one in load.failed} <= {0, 400, 500, 502, 503, 504}
    assert all(replica.is_running for replica in prod.replicas)
    print(f"{mode}: {load.summary()}, recovered in {seconds:.1f} s")  # noqa: T201
    assert_nothing_lost(prod, load)


def test_reads_fail_without_the_database_and_work_after_its_restart(prod: Store):
    [instance] = studies.ct_series(1, size=64)
    assert prod.client().store(instance.data).status == 200
    prod.database.stop()
    for path in ("/dicom-web/studies", instance.path):
        answer = prod.client().request("GET", path)
        assert answer.status >= 500 or answer.status == 404, path
        assert b"rror:" not in answer.data
    prod.database.start()
    wait_for_recovery(prod.client())
    for replica in prod.replicas:
        assert retrieve_with_retries(replica.client(), instance.path) == [instance.data]


def test_no_database_connection_is_left_for_orthanc(prod: Store):
    [kept], late = studies.ct_series(1, size=64), studies.ct_series(4, size=64)
    assert prod.client().store(kept.data).status == 200
    with (
        ThreadPoolExecutor(4) as pool,
        prod.database.connect_as_superuser(DATABASE) as superuser,
        ExitStack() as sessions,
    ):
        superuser.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'orthanc'")
        with suppress(DatabaseError, InterfaceError):
            for _ in range(CONNECTIONS):
                sessions.enter_context(prod.database.connect(MASTER, prod.database.master_password))
        waiting = [pool.submit(prod.client().store, one.data) for one in late]
        time.sleep(1)
        known = [acknowledged_uids(one.result()) for one in waiting if one.done()]
        assert not any(known), "something was acknowledged without a database"
    stored = set().union(*(acknowledged_uids(one.result(60)) for one in waiting))
    wait_for_recovery(prod.client())
    for one in late:
        if one.uid in stored:
            assert retrieve_with_retries(prod.client(), one.path) == [one.data]
    assert retrieve_with_retries(prod.client(), kept.path) == [kept.data]
    assert_index_is_consistent(prod)


@pytest.mark.parametrize("missing", ["server", "password"])
def test_orthanc_exits_without_its_database(missing: str, prod: Store, tmp_path: Path):
    app, database = prod.stack.tasks["app"], prod.database
    fewer_retries = {
        '"MaximumConnectionRetries": 30': '"MaximumConnectionRetries": 2',
        '"ConnectionRetryInterval": 2': '"ConnectionRetryInterval": 1',
    }
    replica = Replica(
        tmp_path / "app",
        app,
        host=certificate_name(app),
        database=database,
        storage=prod.storage,
        replacements=fewer_retries,
    )
    if missing == "password":
        replica.environment["PG_PASSWORD"] = app.secrets["PG_PASSWORD"][::-1]
    else:
        database.stop()
    try:
        replica.start()
        assert replica.wait_for_exit(30) == NO_DATABASE
        log = replica.log.read_text()
        assert log.count("Database is currently unavailable, retrying") >= 2
        assert app.secrets["PG_PASSWORD"] not in log
    finally:
        if missing == "server":
            database.start()
            wait_for_recovery(prod.client())
