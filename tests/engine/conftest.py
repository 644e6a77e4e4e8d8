"""One stack per module on the real engine, deployed once for many tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.stack.driver import Rehearsal
from tests.stack_files import FIXTURES


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Rehearsal]:
    """`deployed("prod")` is the stack in phase active. Tests must not change it."""
    stacks: dict[str, Rehearsal] = {}

    def stack(name: str) -> Rehearsal:
        if name not in stacks:
            folder = tmp_path_factory.mktemp(name)
            stacks[name] = Rehearsal(name, folder=folder, stack_files=FIXTURES).start_over()
            stacks[name].up()
        return stacks[name]

    return stack


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[..., Rehearsal]:
    """An empty cloud for one test."""

    def rehearsal(stack: str = "dev", **options: Any) -> Rehearsal:
        files = None if "program" in options else FIXTURES
        return Rehearsal(stack, stack_files=files, folder=tmp_path / stack, **options).start_over()

    return rehearsal
