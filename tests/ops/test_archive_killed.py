"""The process is killed, at any call: the next run, with the lock taken over, completes."""

from __future__ import annotations

from tests.ops.conftest import Store
from tests.ops.faults import KILLED, STRIDE, check, trials


def test_wherever_it_is_killed(store: Store):
    found = trials(store, KILLED)
    assert len(found) > 60 // STRIDE
    check(found)
