"""Assertions about a store after a failure."""

from __future__ import annotations

from dataplane.clients.load import Load
from dataplane.store import Store


def assert_nothing_lost(store: Store, *loads: Load) -> None:
    """Each replica returns every acknowledged instance, and the index is consistent."""
    for load in loads:
        assert load.digests, "nothing was stored"
        for replica in store.replicas:
            assert load.lost_uids(replica.client()) == []
    assert_index_is_consistent(store)


def assert_index_is_consistent(store: Store) -> None:
    """Each row has its file, and each instance is indexed once."""
    rows = {uuid for [uuid] in store.query("SELECT uuid FROM attachedfiles")}
    assert rows <= store.stored_files(), "a row has no file"
    [[instances, distinct]] = store.query(
        "SELECT count(*), count(DISTINCT publicid) FROM resources WHERE resourcetype = 3"
    )
    assert instances == distinct, "an instance is indexed twice"
