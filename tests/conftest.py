"""What tests share: stack files of their own, one plan per stack and mode, and a recorder for single components."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from ops.plan import Plan
from ops.plan import program as planning
from tests.stack_files import DEPLOYABLE, FIXTURES
from tests.unit.simulated import Simulated

# Before any test module is imported: whatever reads a stack by its name alone reads the fixtures.
vars(importlib.import_module("ops.plan.configuration"))["DEFAULT_FOLDER"] = FIXTURES


class Plans(Protocol):
    """Gives the plan of a stack; each is made once a session, so no test may change it."""

    def __call__(self, stack: str, *, preview: bool = False) -> Plan: ...


def plans_of(folder: Path) -> Plans:
    """Plans of the real program for the stack files in `folder`."""

    @functools.cache
    def planned(stack: str, *, preview: bool = False) -> Plan:
        return planning.plan(stack, preview=preview, folder=folder)

    return planned


@pytest.fixture(scope="session")
def plans() -> Plans:
    """Plans of the fixture stacks: `plans("prod")`, `plans("dev", preview=True)`."""
    return plans_of(FIXTURES)


@pytest.fixture(scope="session")
def deployable() -> Plans:
    """Plans of the project's own stack files."""
    return plans_of(DEPLOYABLE)


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
