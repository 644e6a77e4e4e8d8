"""Verification of a store's archive in tests, and the verdict that a teardown requires."""

from __future__ import annotations

from typing import Any

from ops.study.verify.objects import ReadOptions
from ops.study.verify.verdict import VerifiedArchive, check_archive
from ops.study.verify.verification import verify
from tests.ops.conftest import Store

PREFIX = "studies/octank/prod"
MANIFEST = f"{PREFIX}/manifest.json"


def run_verify(store: Store, **reading: Any) -> dict[str, Any]:
    return verify(store.target, store.clients, store.options, ReadOptions(**reading))


def read_verdict(store: Store, **options: Any) -> VerifiedArchive | list[str]:
    return check_archive(store.target, store.clients, **options)


def drop_index_entry(store: Store) -> None:
    store.index.pop()
