"""Settings of the tests of the network."""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest


@pytest.fixture(autouse=True)
def garbage_collection_off() -> Generator[None]:
    """Traces allocate much and make no cycles, and each collection visits every plan: it would take half of the time."""
    gc.disable()
    yield
    gc.enable()
