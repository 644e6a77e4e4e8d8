"""The store of prod, and a PostgreSQL with the secrets that the rotation function works on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dataplane import postgresql
from dataplane import store as stores
from dataplane.postgresql import PostgreSql
from dataplane.rotated import Store, fresh


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Store]:
    with stores.running(tmp_path_factory.mktemp("prod")) as started:
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSql]:
    with postgresql.running(tmp_path_factory.mktemp("postgresql"), **postgresql.TALKATIVE) as started:
        yield started


@pytest.fixture
def store(server: PostgreSql, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with fresh(server, monkeypatch) as made:
        yield made


@pytest.fixture
def ready(store: Store) -> Store:
    store.prepare()
    return store
