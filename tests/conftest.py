"""What tests share: one plan per stack and mode, and a recorder for components that run alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from ops.plan import Plan
from ops.plan import program as planning
from tests.unit.simulated import Simulated


class Plans(Protocol):
    """Gives the plan of a stack; each is made once a session, so no test may change it."""

    def __call__(self, stack: str, *, preview: bool = False) -> Plan: ...


@pytest.fixture(scope="session")
def plans() -> Plans:
    """Plans of the real program: `plans("prod")`, `plans("dev", preview=True)`."""
    made: dict[tuple[str, bool], Plan] = {}

    def planned(stack: str, *, preview: bool = False) -> Plan:
        if (stack, preview) not in made:
            made[stack, preview] = planning.plan(stack, preview=preview)
        return made[stack, preview]

    return planned


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
