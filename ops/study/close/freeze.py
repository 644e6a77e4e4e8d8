"""The freeze: proof that images cannot be written and that none were written since, and the record of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ops.study import records
from ops.study.clients import Clients
from ops.study.close import policies
from ops.study.errors import Refused, StudyError, explain_failure
from ops.study.outputs import StudyOutputs
from ops.study.records import Record

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

QUIET_SECONDS = 900
"""IAM needs seconds to apply a changed policy everywhere; an upload that had begun needs minutes to end."""


@dataclass(frozen=True, kw_only=True)
class BucketContents:
    """Counts of the image bucket's objects, noncurrent versions and delete markers, and its last change."""

    objects: int
    bytes: int
    noncurrent: int
    markers: int
    changed: datetime | None


def count_contents(s3: S3Client, outputs: StudyOutputs) -> BucketContents:
    """Counts every version below the images' prefix; takes some seconds for each ten thousand."""
    objects = size = noncurrent = markers = 0
    changed: datetime | None = None
    with explain_failure(f"listing {outputs.image_bucket}"):
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=outputs.image_bucket, Prefix=f"{outputs.image_prefix}/"
        )
        for page in pages:
            versions, deleted = page.get("Versions", []), page.get("DeleteMarkers", [])
            for version in versions:
                objects, size = objects + version["IsLatest"], size + version["IsLatest"] * version["Size"]
                noncurrent += not version["IsLatest"]
            markers += len(deleted)
            times = [version["LastModified"] for version in versions] + [one["LastModified"] for one in deleted]
            changed = max([*times, *([changed] if changed else [])], default=None)
    return BucketContents(objects=objects, bytes=size, noncurrent=noncurrent, markers=markers, changed=changed)


def prove(
    outputs: StudyOutputs,
    clients: Clients,
    *,
    quiet: int = QUIET_SECONDS,
    show_step: Callable[[str], None] = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> Record:
    """Proves the freeze, waits until the bucket has not changed for `quiet` seconds, and writes the record.

    An existing freeze is proved again from its start. Refused lists everything that can still write.
    """
    operator = clients.check_account(outputs)
    show_step("checking who can still write images")
    simulated = _require_no_writes(outputs, clients)
    before = read_record(clients, outputs)
    frozen = datetime.fromisoformat(before["frozen_at"]) if before else datetime.now(UTC)
    rest = (frozen + timedelta(seconds=quiet) - datetime.now(UTC)).total_seconds()
    if rest > 0:
        show_step(f"waiting {rest:.0f} s, in which nothing may change in {outputs.image_bucket}")
        pause(rest)
    show_step(f"listing {outputs.image_bucket}")
    contents = count_contents(clients.s3, outputs)
    # S3's times are whole seconds.
    if contents.changed and contents.changed > frozen.replace(microsecond=0) + timedelta(seconds=1):
        raise StudyError(
            f"{outputs.image_bucket} changed at {contents.changed:%Y-%m-%d %H:%M:%S} UTC, after the freeze of "
            f"{frozen:%Y-%m-%d %H:%M:%S}: somebody other than Orthanc writes to it. The log group "
            f"/{outputs.prefix}/cloudtrail shows who; remove their permission, and close again with `--restart`"
        )
    record = {
        "study": outputs.study,
        "environment": outputs.environment,
        "account": outputs.account,
        "stack": outputs.stack,
        "image_bucket": outputs.image_bucket,
        "image_prefix": outputs.image_prefix,
        "task_role": outputs.task_role,
        "frozen_at": frozen.isoformat(timespec="seconds"),
        "proved_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quiet_seconds": quiet,
        "simulated_by_iam": simulated,
        "objects": contents.objects,
        "bytes": contents.bytes,
        "noncurrent_versions": contents.noncurrent,
        "delete_markers": contents.markers,
        "last_change": contents.changed.isoformat() if contents.changed else None,
        "operator": operator,
    }
    records.write(clients.s3, outputs, records.FREEZE, record)
    return record


def read_record(clients: Clients, outputs: StudyOutputs) -> Record | None:
    """The freeze record unless it is void; StudyError if it is of another store."""
    record = records.read(clients.s3, outputs, records.FREEZE)
    if record is None or record.get("void_since"):
        return None
    store = (record["study"], record["environment"], record["account"], record["image_bucket"])
    if store != (outputs.study, outputs.environment, outputs.account, outputs.image_bucket):
        raise StudyError(f"the freeze record in {outputs.archive_bucket} is of another store: {', '.join(store)}")
    return record


def void(outputs: StudyOutputs, clients: Clients) -> None:
    """Marks the freeze record as void."""
    record = read_record(clients, outputs)
    if record:
        void_since = datetime.now(UTC).isoformat(timespec="seconds")
        records.write(clients.s3, outputs, records.FREEZE, {**record, "void_since": void_since})


def _require_no_writes(outputs: StudyOutputs, clients: Clients) -> bool:
    """Refused unless nobody can write; whether IAM's policy simulator was available."""
    simulated = policies.simulated_writes(clients.iam, outputs)
    role = outputs.task_role
    blockers = [f"{role} may still write: {what}" for what in policies.role_writes(clients.iam, outputs)]
    blockers += [f"IAM still allows {role} {what}" for what in simulated or ()]
    blockers += [f"{what} may still write" for what in policies.bucket_writes(clients.s3, outputs)]
    if blockers:
        raise Refused(
            "images can still be written, so nothing is frozen; deploy the phase `closing` and close again", blockers
        )
    return simulated is not None
