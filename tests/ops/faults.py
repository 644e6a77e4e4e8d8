"""Faults at a chosen call to AWS, and checks that nothing is lost after each.

Kinds of faults: refused (AWS answers 503 and does nothing), answer lost (AWS does it, but the answer never arrives),
killed (the process ends: no call follows, not even the one that releases the lock).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.s3.models import s3_backends

from ops.study.archive.run import archive
from ops.study.store.errors import ArchiveError
from ops.study.store.lock import STALE
from ops.study.verify.objects import ReadOptions
from ops.study.verify.verdict import VerifiedArchive, check_archive
from ops.study.verify.verification import verify
from tests.ops.conftest import ACCOUNT, ARCHIVE, IMAGES, SERVICES, Store, set_object_lock

REFUSED, LOST, KILLED = "refused", "answer lost", "killed"
WRITES = ("Put", "Copy", "Create", "Start", "Invoke", "Complete", "Upload", "Restore")
DELETES = ("Delete", "Abort", "Cancel", "Schedule", "Disable")


STRIDE = int(os.environ.get("FAULT_STRIDE", "4"))
"""Every STRIDE-th call gets a fault: one in four in `make test`, each one in `make fault-matrix`."""


class Killed(BaseException):
    """The process was killed."""


class Wire:
    """Records every call of a store's clients, and injects a fault into call number `at`."""

    def __init__(self, store: Store, at: int = 0, kind: str = REFUSED, status: int = 503) -> None:
        self.store, self.at, self.kind, self.status = store, at, kind, status
        self.calls: list[str] = []
        self.done: list[str] = []
        self.dead = False
        self.hit: str | None = None

    def before(self, model: Any, **_: Any) -> Any:
        self.calls.append(model.name)
        if self.dead or (len(self.calls) == self.at and self.kind == KILLED):
            self.dead, self.hit = True, self.hit or model.name
            raise Killed(model.name)
        if len(self.calls) == self.at and self.kind == REFUSED:
            self.hit = model.name
            error = {"Code": "SlowDown" if self.status == 503 else "InternalError", "Message": "try again"}
            return AWSResponse("", self.status, HTTPHeaders(), None), {"Error": error, "ResponseMetadata": {}}
        return None

    def after(self, model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code < 300:
            self.done.append(model.name)
        if len(self.calls) == self.at and self.kind == LOST and not self.hit:
            self.hit = model.name
            raise ConnectionResetError(f"the answer to {model.name} was lost")

    @contextmanager
    def tap(self) -> Generator[Wire]:
        clients = [getattr(self.store.clients, field) for field in SERVICES]
        for client in clients:
            client.meta.events.register_first("before-call", self.before)
            client.meta.events.register_last("after-call", self.after)
        try:
            yield self
        finally:
            for client in clients:
                client.meta.events.unregister("before-call", self.before)
                client.meta.events.unregister("after-call", self.after)


class Steps:
    """Progress that records the current step."""

    def __init__(self) -> None:
        self.step, self.done = "beginning", 0

    def start(self, step: str, total: int | None = None) -> None:
        self.step = step

    def advance(self, count: int = 1, size: int = 0) -> None:
        self.done += count

    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Trial:
    """One fault and its effects."""

    step: str
    call: str | None
    kind: str
    lost: int
    deleted: int
    copied_twice: int
    early: bool
    verified: bool


def with_empty_archive(store: Store, number: int) -> Store:
    """The same store with another, empty archive bucket."""
    name = f"{ARCHIVE}-{number}"
    store.clients.s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    set_object_lock(store.clients, name)
    # The index function of the test reads the first store's index: it is the same list.
    return replace(store, target=replace(store.target, archive_bucket=name))


def count_lost(store: Store) -> int:
    """Number of stored images whose bytes are not in the archive."""
    backend, missing = s3_backends[ACCOUNT]["aws"], 0
    for key, body in store.bodies.items():
        name = key.removeprefix("images/")
        copy = backend.get_object(store.target.archive_bucket, f"{store.target.archive_prefix}/objects/{name}")
        missing += copy is None or copy.value != body
    return missing


def run_trials(store: Store, kind: str, *, only: tuple[str, ...] = ("",)) -> list[Trial]:
    """Runs a trial, each with its own archive, for calls of an archive run whose name begins with one of `only`."""
    recorded = Wire(store)
    spare = with_empty_archive(store, 0)
    with recorded.tap():
        archive(spare.target, spare.clients, spare.options)
    chosen = [at for at, call in enumerate(recorded.calls, start=1) if call.startswith(only)][::STRIDE]
    return [run_trial(with_empty_archive(store, at), at, kind) for at in chosen]


def run_trial(store: Store, at: int, kind: str) -> Trial:
    """Archives with a fault at the call `at`, archives again, and verifies."""
    wire, steps = Wire(store, at, kind), Steps()
    images = store.versions(IMAGES)
    with wire.tap(), suppress(ArchiveError, Killed):
        archive(store.target, store.clients, store.options, steps)
    early = _has_early_manifest(store)
    before = store.versions(store.target.archive_bucket)
    second = Wire(store)
    store.ahead += STALE.total_seconds() + 60
    with second.tap():
        archive(store.target, store.clients, store.with_options(take_over=True))
        report = verify(store.target, store.clients, store.options, ReadOptions(sample=1))
    copies = Counter(wire.done + second.done)["CopyObject"]
    gone = (before - store.versions(store.target.archive_bucket)) | (images - store.versions(IMAGES))
    gone_markers = store.markers(store.target.archive_bucket)
    deleting = sum(call.startswith(DELETES) for call in wire.calls + second.calls)
    return Trial(
        step=steps.step,
        call=wire.hit,
        kind=kind,
        lost=count_lost(store),
        deleted=len(gone) + gone_markers + deleting,
        copied_twice=copies - len(store.bodies),
        early=early,
        verified=report["ok"] and isinstance(check_archive(store.target, store.clients), VerifiedArchive),
    )


def _has_early_manifest(store: Store) -> bool:
    """Whether there is a manifest although not every image is archived."""
    keys = {key for key, _ in store.versions(store.target.archive_bucket)}
    manifest = any(key.endswith("/manifest.json") for key in keys)
    return manifest and bool(count_lost(store))


def check_trials(found: list[Trial]) -> None:
    """Prints the matrix and asserts that every trial ended well."""
    print(f"\n{format_matrix(found)}")  # noqa: T201  pytest -s shows it
    assert [each for each in found if each.call is None] == []
    assert [each for each in found if each.lost] == []
    assert [each for each in found if each.deleted] == []
    assert [each for each in found if each.copied_twice] == []
    assert [each for each in found if each.early] == []
    assert [each for each in found if not each.verified] == []


def format_matrix(trials: list[Trial]) -> str:
    """The matrix as Markdown."""
    rows: dict[tuple[str, str], list[Trial]] = {}
    for each in trials:
        rows.setdefault((each.step, each.kind), []).append(each)
    head = "| step | fault | calls with a fault | reruns complete and verified | objects lost | wrongly deleted | copied twice |"
    lines = [head, "|--|--|--|--|--|--|--|"]
    for (step, kind), found in rows.items():
        figures = (
            len(found),
            sum(each.verified for each in found),
            sum(each.lost for each in found),
            sum(each.deleted for each in found),
            sum(each.copied_twice for each in found),
        )
        lines.append(f"| {step} | {kind} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(lines)
