"""Is the archive complete and verified? Requires a manifest and a recent report that match each other and the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.study.manifest import manifest
from ops.study.manifest.manifest import Manifest
from ops.study.manifest.signing import read_expected_key
from ops.study.store import lock
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError, explain_failure
from ops.study.store.target import Target
from ops.study.verify import report

MAX_AGE = timedelta(days=7)
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class VerifiedArchive:
    """A complete archive, and its last verification."""

    run: str
    objects: int
    bytes: int
    manifest_sha256: str
    fingerprint: str
    report: str
    time: datetime
    confidence: str
    retained_until: str | None


def check_archive(target: Target, clients: Clients, max_age: timedelta = MAX_AGE) -> VerifiedArchive | list[str]:
    """The proof that `target` is archived, or all blockers, each with the next step.

    Ages are taken by S3's clock. ArchiveError if AWS does not answer.
    """
    clients.check_account(target)
    target.require("signing_key_arn")
    store = ArchiveStore.for_target(target, clients.s3)
    with explain_failure("reading the archive's lock"):
        key = read_expected_key(clients.kms, target.signing_key_arn)
        now = store.now()
        stored_lock = store.get(lock.NAME)
    blockers = _lock_blockers(stored_lock.json() if stored_lock else {})
    try:
        archived = manifest.read(store, key)
        newest = report.read_newest(store, key)
    except ArchiveError as error:
        return [*blockers, str(error)]
    blockers += _store_blockers(archived, target)
    if newest is None:
        return [*blockers, "the archive was never verified: run `python -m ops verify`"]
    if newest.distrust:
        return [*blockers, newest.distrust]
    time = datetime.fromisoformat(newest.content["time"])
    blockers += _report_blockers(newest.content, archived, now - time, max_age)
    if blockers:
        return blockers
    objects = archived.content["objects"]
    return VerifiedArchive(
        run=archived.content["run"],
        objects=objects["count"],
        bytes=objects["bytes"],
        manifest_sha256=archived.sha256,
        fingerprint=archived.fingerprint,
        report=f"s3://{store.bucket}/{store.key(newest.name)}",
        time=time,
        confidence=newest.content["confidence"],
        retained_until=newest.content["retainedUntil"],
    )


def _lock_blockers(holder: dict[str, Any]) -> list[str]:
    if holder.get("state") != "held":
        return []
    return [f"{holder['who']} has run `ops {holder['doing']}` since {holder['since']}: wait for it to end, then verify"]


def _store_blockers(archived: Manifest, target: Target) -> list[str]:
    """Differences between the store of the manifest and the target."""
    content = archived.content
    pairs = {
        "study": (content["study"], target.study),
        "environment": (content["environment"], target.environment),
        "account": (content["account"], target.account),
        "image bucket": (content["source"]["bucket"], target.image_bucket),
        "archive bucket": (content["archive"]["bucket"], target.archive_bucket),
        "database": (content["database"]["cluster"], target.database_cluster),
    }
    return [
        f"the manifest is of the {what} {given}, and this store's is {own}: run `python -m ops archive` for this stack"
        for what, (given, own) in pairs.items()
        if given != own
    ]


def _report_blockers(content: dict[str, Any], archived: Manifest, age: timedelta, max_age: timedelta) -> list[str]:
    """Why the report does not prove the archive."""
    blockers = []
    if content["manifestSha256"] != archived.sha256:
        blockers.append("the newest report is of another manifest than the current one: run `python -m ops verify`")
    if not content["ok"]:
        first = "; ".join(content["problems"][:3])
        blockers.append(
            f"the newest verification found {content['problemCount']} problems ({first}): fix them, "
            "then run `python -m ops verify`"
        )
    if not content["read"]["objects"] and content["objects"]:
        blockers.append("the newest verification read no object: run `python -m ops verify` with a sample")
    if age > max_age:
        blockers.append(
            f"the newest report is {age.days} days old, more than {max_age.days}: run `python -m ops verify`"
        )
    if age < -CLOCK_SKEW:
        blockers.append("the newest report is from the future: find out who wrote it, and run `python -m ops verify`")
    return blockers
