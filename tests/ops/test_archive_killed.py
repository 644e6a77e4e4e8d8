"""A run is killed at any call; the next run takes over its lock and completes."""

from __future__ import annotations

from tests.ops.conftest import Store
from tests.ops.faults import KILLED, STRIDE, check_trials, run_trials


def test_the_next_run_completes_after_a_kill_at_any_call(store: Store):
    found = run_trials(store, KILLED)
    assert len(found) > 60 // STRIDE
    check_trials(found)
