"""The freeze: that images can no longer be written, that nothing was written since, and the record of both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.study import records
from ops.study.close import policies
from ops.study.errors import Refused, StudyError, explained
from ops.study.facts import Clients, Facts, now

QUIET_SECONDS = 900
"""IAM takes seconds to know a changed policy everywhere, an upload that had begun takes minutes to end."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the image bucket holds, noncurrent versions and delete markers included, and when it last changed."""

    objects: int
    bytes: int
    noncurrent: int
    markers: int
    changed: datetime | None


def contents(s3: Any, facts: Facts) -> Contents:
    """Counts every version below the images' prefix; some seconds for each ten thousand."""
    objects = size = noncurrent = markers = 0
    changed: datetime | None = None
    with explained(f"listing {facts.image_bucket}"):
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=facts.image_bucket, Prefix=f"{facts.image_prefix}/"
        )
        for page in pages:
            for version in page.get("Versions", ()):
                objects, size = objects + version["IsLatest"], size + version["IsLatest"] * version["Size"]
                noncurrent += not version["IsLatest"]
            markers += len(page.get("DeleteMarkers", ()))
            times = [entry["LastModified"] for kind in ("Versions", "DeleteMarkers") for entry in page.get(kind, ())]
            changed = max([*times, *([changed] if changed else [])], default=None)
    return Contents(objects=objects, bytes=size, noncurrent=noncurrent, markers=markers, changed=changed)


def prove(
    facts: Facts,
    clients: Clients,
    *,
    quiet: int = QUIET_SECONDS,
    say: Say = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Proves the freeze, waits until the bucket has been quiet for `quiet` seconds, and writes the record.

    A freeze that is on record is proved again from its first moment: nothing may have changed since. Refused names
    whatever still writes.
    """
    operator = clients.check(facts)
    say("asking who may still write images")
    asked = _closed(facts, clients)
    before = valid(facts, records.read(clients.s3, facts, records.FREEZE))
    frozen = datetime.fromisoformat(before["frozen_at"]) if before else now()
    rest = (frozen + timedelta(seconds=quiet) - now()).total_seconds()
    if rest > 0:
        say(f"nothing may change in {facts.image_bucket} for {rest:.0f} s")
        pause(rest)
    say(f"listing {facts.image_bucket}")
    held = contents(clients.s3, facts)
    # S3's clock has whole seconds.
    if held.changed and held.changed > frozen.replace(microsecond=0) + timedelta(seconds=1):
        raise StudyError(
            f"{facts.image_bucket} changed at {held.changed:%Y-%m-%d %H:%M:%S} UTC, after the freeze of "
            f"{frozen:%Y-%m-%d %H:%M:%S}: somebody else than Orthanc writes to it. The trail in the log group "
            f"/{facts.prefix}/cloudtrail names who; take their right away, and close again with `--anew`"
        )
    record = {
        "study": facts.study,
        "environment": facts.environment,
        "account": facts.account,
        "stack": facts.stack,
        "image_bucket": facts.image_bucket,
        "image_prefix": facts.image_prefix,
        "task_role": facts.task_role,
        "frozen_at": frozen.isoformat(timespec="seconds"),
        "proved_at": now().isoformat(timespec="seconds"),
        "quiet_seconds": quiet,
        "simulated_by_iam": asked,
        "objects": held.objects,
        "bytes": held.bytes,
        "noncurrent_versions": held.noncurrent,
        "delete_markers": held.markers,
        "last_change": held.changed.isoformat() if held.changed else None,
        "operator": operator,
    }
    records.write(clients.s3, facts, records.FREEZE, record)
    return record


def valid(facts: Facts, record: dict[str, Any] | None) -> dict[str, Any] | None:
    """The record, if it is of this store and was not made void; StudyError if it is of another one."""
    if record is None or record.get("void_since"):
        return None
    of = (record["study"], record["environment"], record["account"], record["image_bucket"])
    if of != (facts.study, facts.environment, facts.account, facts.image_bucket):
        raise StudyError(f"the freeze record in {facts.archive_bucket} is of another store: {', '.join(of)}")
    return record


def void(facts: Facts, clients: Clients) -> None:
    """Says in the record that the freeze no longer holds."""
    record = valid(facts, records.read(clients.s3, facts, records.FREEZE))
    if record:
        records.write(clients.s3, facts, records.FREEZE, {**record, "void_since": now().isoformat(timespec="seconds")})


def _closed(facts: Facts, clients: Clients) -> bool:
    """Refused unless nobody may write; whether IAM's simulator was asked too."""
    simulated = policies.simulated_writes(clients.iam, facts)
    found = [f"{facts.task_role} may still write: {what}" for what in policies.role_writes(clients.iam, facts)]
    found += [f"IAM still allows {facts.task_role} {what}" for what in simulated or ()]
    found += [f"{what} may still write" for what in policies.bucket_writes(clients.s3, facts)]
    if found:
        raise Refused(
            "images can still be written, so nothing is frozen; deploy the phase `closing` and close again", found
        )
    return simulated is not None
