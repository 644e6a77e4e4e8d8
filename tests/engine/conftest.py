"""A stack per module on the real engine: deployed once, looked at by many tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.driver import Rehearsal
from tests.stack_files import FIXTURES


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Rehearsal]:
    """`deployed("prod")`: the stack in phase active. Tests preview and ask; they change nothing."""
    made: dict[str, Rehearsal] = {}

    def stack(name: str) -> Rehearsal:
        if name not in made:
            made[name] = Rehearsal(name, folder=tmp_path_factory.mktemp(name), stack_files=FIXTURES).start_over()
            made[name].up()
        return made[name]

    return stack


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[..., Rehearsal]:
    """An empty cloud for one test."""

    def rehearsal(stack: str = "dev", **options: Any) -> Rehearsal:
        files = None if "program" in options else FIXTURES
        return Rehearsal(stack, stack_files=files, folder=tmp_path / stack, **options).start_over()

    return rehearsal
