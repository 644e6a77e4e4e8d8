"""What tests share: stack files of their own, one plan per stack and mode, and a recorder for single components."""

from __future__ import annotations

import functools
import gc
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest

from ops.plan import Plan
from ops.plan import program as planning
from tests.planned import FOLDER, plan
from tests.stack_files import DEPLOYABLE, FIXTURES
from tests.unit.simulated import Simulated

# Before any test module is imported: whatever reads a stack by its name alone reads the fixtures.
vars(importlib.import_module("ops.plan.configuration"))["DEFAULT_FOLDER"] = FIXTURES
# A busy machine is slow, which is no failure.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("fast", hypothesis.settings.get_profile("busy"), max_examples=20)
hypothesis.settings.load_profile("busy")

SLOW = ("adoption", "dataplane", "engine", "ops")
"""Folders whose tests run programs or whole accounts."""


def pytest_configure(config: pytest.Config) -> None:
    """Workers, which inherit the environment, share plans through one folder."""
    if not hasattr(config, "workerinput"):
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="image-store-plans-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """What workers shared is removed with the session."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests of a slow folder are marked with its name, and as slow."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    if folder in SLOW:
        item.add_marker(getattr(pytest.mark, folder))
        item.add_marker(pytest.mark.slow)


class Plans(Protocol):
    """Gives the plan of a stack; each is made once a session, so no test may change it."""

    def __call__(self, stack: str, *, preview: bool = False) -> Plan: ...


@pytest.fixture(scope="session")
def plans() -> Plans:
    """Plans of the fixture stacks: `plans("prod")`, `plans("dev", preview=True)`."""
    return plan


@pytest.fixture(scope="session")
def deployable() -> Plans:
    """Plans of the project's own stack files."""
    return functools.partial(plan, folder=DEPLOYABLE)


@pytest.fixture(scope="session")
def record() -> Callable[..., Plan]:
    """Runs a component alone: `record(lambda: Network("network", …))` is the plan of what it registered.

    It has drained when it returns, so absence can be asserted, and an apply that failed has raised.
    """
    return planning.record


@pytest.fixture
def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """An empty simulated AWS."""
    return Simulated(tmp_path, monkeypatch)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrizes `mutation` with the mutations of the test's class."""
    mutations = getattr(metafunc.cls, "mutations", None)
    if mutations is not None and "mutation" in metafunc.fixturenames:
        metafunc.parametrize("mutation", mutations.values(), ids=mutations.keys())


def pytest_collection_finish() -> None:
    """Leaves modules and plans to themselves: collecting garbage among them takes a fifth of the time of the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
