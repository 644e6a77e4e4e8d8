"""Faults at a chosen call to AWS, and what a study must have kept after each.

A fault is one of: refused (AWS answers 503 and did nothing), answer lost (AWS did it, and nobody learned of it), killed
(the process ends there: nothing is called afterwards, not even to give the lock back).
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

from ops.study import archive
from ops.study.archive.lock import STALE
from tests.ops.conftest import ACCOUNT, ARCHIVE, IMAGES, LOCK_DAYS, SERVICES, Store

REFUSED, LOST, KILLED = "refused", "answer lost", "killed"
WRITES = ("Put", "Copy", "Create", "Start", "Invoke", "Complete", "Upload", "Restore")
DELETES = ("Delete", "Abort", "Cancel", "Schedule", "Disable")


STRIDE = int(os.environ.get("FAULT_STRIDE", "4"))
"""Every so many calls are broken: one in four in `make test`, every single one in `make fault-matrix`."""


class Killed(BaseException):
    """The process is gone."""


class Wire:
    """Sees every call of a store's clients, and breaks the n-th; `times` calls from there on."""

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
    def tapped(self) -> Generator[Wire]:
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
    """Progress that remembers the step."""

    def __init__(self) -> None:
        self.step, self.done = "beginning", 0

    def start(self, step: str, total: int | None = None) -> None:
        self.step = step

    def advance(self, count: int = 1, size: int = 0) -> None:
        self.done += count

    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Trial:
    """One fault, and what came of it."""

    step: str
    call: str | None
    kind: str
    lost: int
    deleted: int
    again: int
    early: bool
    verified: bool


def elsewhere(store: Store, number: int) -> Store:
    """The same store with an empty archive of its own."""
    name = f"{ARCHIVE}-{number}"
    s3 = store.clients.s3
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": LOCK_DAYS}}
    s3.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    # The index function of the test reads the first store's index: it is the same list.
    return replace(store, target=replace(store.target, archive_bucket=name))


def lost(store: Store) -> int:
    """Images that the center was told are stored, and that are not in the archive byte by byte."""
    backend, missing = s3_backends[ACCOUNT]["aws"], 0
    for key, body in store.bodies.items():
        name = key.removeprefix("images/")
        copy = backend.get_object(store.target.archive_bucket, f"{store.target.archive_prefix}/objects/{name}")
        missing += copy is None or copy.value != body
    return missing


def trials(store: Store, kind: str, *, only: tuple[str, ...] = ("",)) -> list[Trial]:
    """A trial for each call of an archive run whose name begins with one of `only`; each in an archive of its own."""
    sounded = Wire(store)
    spare = elsewhere(store, 0)
    with sounded.tapped():
        archive.archive(spare.target, spare.clients, spare.options)
    chosen = [at for at, call in enumerate(sounded.calls, start=1) if call.startswith(only)][::STRIDE]
    return [trial(elsewhere(store, at), at, kind) for at in chosen]


def trial(store: Store, at: int, kind: str) -> Trial:
    """Archives with a fault at the call `at`, archives again, and verifies."""
    wire, steps = Wire(store, at, kind), Steps()
    images = store.versions(IMAGES)
    with wire.tapped(), suppress(archive.ArchiveError, Killed):
        archive.archive(store.target, store.clients, store.options, steps)
    early = _early(store, wire)
    before = store.versions(store.target.archive_bucket)
    second = Wire(store)
    store.ahead += STALE.total_seconds() + 60
    with second.tapped():
        archive.archive(store.target, store.clients, store.having(take_over=True))
        report = archive.verify(store.target, store.clients, store.options, archive.Reading(sample=1))
    copies = Counter(wire.done + second.done)["CopyObject"]
    gone = (before - store.versions(store.target.archive_bucket)) | (images - store.versions(IMAGES))
    gone_markers = store.markers(store.target.archive_bucket)
    deleting = sum(call.startswith(DELETES) for call in wire.calls + second.calls)
    return Trial(
        step=steps.step,
        call=wire.hit,
        kind=kind,
        lost=lost(store),
        deleted=len(gone) + gone_markers + deleting,
        again=copies - len(store.bodies),
        early=early,
        verified=report["ok"] and isinstance(archive.verified(store.target, store.clients), archive.Verified),
    )


def _early(store: Store, wire: Wire) -> bool:
    """Whether a manifest stands there though not everything that it stands for was done."""
    keys = {key for key, _ in store.versions(store.target.archive_bucket)}
    manifest = any(key.endswith("/manifest.json") for key in keys)
    return manifest and bool(lost(store))


def check(found: list[Trial]) -> None:
    """Every trial ended well; says the matrix."""
    print(f"\n{markdown(found)}")  # noqa: T201  pytest -s shows it
    assert [each for each in found if each.call is None] == []
    assert [each for each in found if each.lost] == []
    assert [each for each in found if each.deleted] == []
    assert [each for each in found if each.again] == []
    assert [each for each in found if each.early] == []
    assert [each for each in found if not each.verified] == []


def markdown(trials: list[Trial]) -> str:
    """The matrix as Markdown."""
    rows: dict[tuple[str, str], list[Trial]] = {}
    for each in trials:
        rows.setdefault((each.step, each.kind), []).append(each)
    head = (
        "| step | fault | calls broken | reruns complete and verified | objects lost | wrongly deleted | copied twice |"
    )
    lines = [head, "|--|--|--|--|--|--|--|"]
    for (step, kind), found in rows.items():
        figures = (
            len(found),
            sum(each.verified for each in found),
            sum(each.lost for each in found),
            sum(each.deleted for each in found),
            sum(each.again for each in found),
        )
        lines.append(f"| {step} | {kind} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(lines)
