"""What an archive is asked in tests: to be verified, and whether a teardown may follow."""

from __future__ import annotations

from typing import Any

from ops.study import archive
from tests.ops.conftest import Store

PREFIX = "studies/octank/prod"
MANIFEST = f"{PREFIX}/manifest.json"


def verified(store: Store, **reading: Any) -> dict[str, Any]:
    return archive.verify(store.target, store.clients, store.options, archive.Reading(**reading))


def verdict(store: Store, **options: Any) -> archive.Verified | list[str]:
    return archive.verified(store.target, store.clients, **options)


def forget(store: Store) -> None:
    store.index.pop()
