"""AWS refuses, or its answer is lost, at any call: the next run completes, and nothing is lost or done twice.

`make fault-matrix` breaks every single call, and prints the matrix as Markdown.
"""

from __future__ import annotations

from tests.ops.conftest import Store
from tests.ops.faults import LOST, REFUSED, STRIDE, WRITES, check, trials


def test_whatever_call_is_refused(store: Store):
    found = trials(store, REFUSED)
    assert len(found) > 60 // STRIDE
    check(found)


def test_whatever_write_is_done_and_not_known(store: Store):
    found = trials(store, LOST, only=WRITES)
    assert {"CopyObject", "PutObject"} <= {each.call for each in found}
    check(found)
