"""AWS refuses any call, or its answer is lost; the next run completes, and nothing is lost or copied twice.

`make fault-matrix` injects a fault at every call, and prints the results as Markdown.
"""

from __future__ import annotations

from tests.ops.conftest import Store
from tests.ops.faults import LOST, REFUSED, STRIDE, WRITES, check_trials, run_trials


def test_the_next_run_completes_after_any_refused_call(store: Store):
    found = run_trials(store, REFUSED)
    assert len(found) > 60 // STRIDE
    check_trials(found)


def test_the_next_run_completes_after_any_lost_answer_to_a_write(store: Store):
    found = run_trials(store, LOST, only=WRITES)
    assert {"CopyObject", "PutObject"} <= {each.call for each in found}
    check_trials(found)
