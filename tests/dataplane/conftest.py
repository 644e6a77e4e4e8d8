"""The rendered stack and store of prod, and a PostgreSQL with the secrets that the functions use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dataplane.processes.postgresql import LOG_STATEMENTS, PostgreSql, run_postgresql
from dataplane.store import Store, run_store
from ops.render import RenderedStack, rendered
from tests.dataplane.rotations import Rotation, new_rotation


@pytest.fixture(scope="session")
def stack() -> RenderedStack:
    return rendered("prod")


@pytest.fixture(scope="module")
def prod(stack: RenderedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with run_store(tmp_path_factory.mktemp("prod"), stack) as store:
        yield store


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSql]:
    with run_postgresql(tmp_path_factory.mktemp("postgresql"), **LOG_STATEMENTS) as server:
        yield server


@pytest.fixture
def rotation(server: PostgreSql, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rotation]:
    with new_rotation(server, monkeypatch) as rotation:
        yield rotation


@pytest.fixture
def prepared(rotation: Rotation) -> Rotation:
    rotation.prepare()
    return rotation
