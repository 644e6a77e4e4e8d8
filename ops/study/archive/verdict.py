"""May the system go? Only with a manifest and a fresh report that fit each other and this very store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.study.archive import engine, lock, manifest, report
from ops.study.archive.clients import Clients
from ops.study.archive.errors import ArchiveError, explained
from ops.study.archive.manifest import Manifest
from ops.study.archive.place import Place
from ops.study.archive.target import Target

MAX_AGE = timedelta(days=7)
SKEW = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """An archive that was verified, and what of."""

    run: str
    objects: int
    bytes: int
    manifest_sha256: str
    fingerprint: str
    report: str
    time: datetime
    confidence: str
    retained_until: str | None


def verified(target: Target, clients: Clients, max_age: timedelta = MAX_AGE) -> Verified | list[str]:
    """The proof that `target` is archived, or everything that speaks against it, each with the next step.

    Ages are taken by S3's clock. ArchiveError if AWS cannot be asked.
    """
    clients.check(target)
    target.needs("signing_key_arn")
    place = Place.of(target, clients.s3)
    with explained("asking for the archive"):
        key = engine.signing_key(clients, target)
        now = place.now()
        held = place.get(lock.NAME)
    refusals = _at_work(held.json() if held else {})
    try:
        found = manifest.read(place, key)
        newest = report.newest(place, key)
    except ArchiveError as error:
        return [*refusals, str(error)]
    refusals += _foreign(found, target)
    if newest is None:
        return [*refusals, "the archive was never verified: run `python -m ops verify`"]
    if newest.distrust:
        return [*refusals, newest.distrust]
    time = datetime.fromisoformat(newest.content["time"])
    refusals += _stale(newest.content, found, now - time, max_age)
    if refusals:
        return refusals
    objects = found.content["objects"]
    return Verified(
        run=found.content["run"],
        objects=objects["count"],
        bytes=objects["bytes"],
        manifest_sha256=found.sha256,
        fingerprint=found.fingerprint,
        report=f"s3://{place.bucket}/{place.key(newest.name)}",
        time=time,
        confidence=newest.content["confidence"],
        retained_until=newest.content["retainedUntil"],
    )


def _at_work(held: dict[str, Any]) -> list[str]:
    if held.get("state") != "held":
        return []
    return [f"{held['who']} runs `ops {held['doing']}` since {held['since']}: wait for it to end, then verify"]


def _foreign(found: Manifest, target: Target) -> list[str]:
    """What the manifest is of, where that is not the target."""
    said = found.content
    pairs = {
        "study": (said["study"], target.study),
        "environment": (said["environment"], target.environment),
        "account": (said["account"], target.account),
        "image bucket": (said["source"]["bucket"], target.image_bucket),
        "archive bucket": (said["archive"]["bucket"], target.archive_bucket),
        "database": (said["database"]["cluster"], target.database_cluster),
    }
    return [
        f"the manifest is of the {what} {given}, and this store's is {own}: run `python -m ops archive` for this stack"
        for what, (given, own) in pairs.items()
        if given != own
    ]


def _stale(content: dict[str, Any], found: Manifest, age: timedelta, max_age: timedelta) -> list[str]:
    """What speaks against the report."""
    refusals = []
    if content["manifestSha256"] != found.sha256:
        refusals.append("the newest report is of another manifest than the present one: run `python -m ops verify`")
    if not content["ok"]:
        first = "; ".join(content["problems"][:3])
        refusals.append(
            f"the newest verification found {content['problemCount']} problems ({first}): put them right, "
            "then run `python -m ops verify`"
        )
    if not content["read"]["objects"] and content["objects"]:
        refusals.append("the newest verification read no object: run `python -m ops verify` with a sample")
    if age > max_age:
        refusals.append(
            f"the newest report is {age.days} days old, more than {max_age.days}: run `python -m ops verify`"
        )
    if age < -SKEW:
        refusals.append("the newest report is from the future: find out who wrote it, and run `python -m ops verify`")
    return refusals
