"""Conditions of an archive run: the stack is closing, images have versions, and the archive bucket locks objects."""

from __future__ import annotations

from botocore.exceptions import ClientError

from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError, code, explain_failure
from ops.study.store.target import Target


def check_ready(target: Target, clients: Clients) -> None:
    """ArchiveError unless the store can be archived now."""
    target.require("signing_key_arn", "index_function", "export_role_arn")
    if target.phase != "closing":
        raise ArchiveError(
            f"the stack {target.stack} is in the phase {target.phase}: images may still be written or are gone; "
            f"run `python -m ops close --stack {target.stack}` first"
        )
    read_lock_days(target, clients)
    with explain_failure("reading the image bucket's versioning"):
        versioning = clients.s3.get_bucket_versioning(Bucket=target.image_bucket).get("Status")
    if versioning != "Enabled":
        raise ArchiveError(
            f"the bucket {target.image_bucket} has no versioning: an object could change unnoticed; run `pulumi up`"
        )


def read_lock_days(target: Target, clients: Clients) -> int:
    """Days of the archive bucket's default retention; ArchiveError without one."""
    no_lock = ArchiveError(
        f"the bucket {target.archive_bucket} has no Object Lock with a default retention: an archive there "
        "could be deleted by mistake; run `pulumi up`, then the same command again"
    )
    with explain_failure("reading the archive bucket's Object Lock"):
        try:
            answer = clients.s3.get_object_lock_configuration(Bucket=target.archive_bucket)
        except ClientError as error:
            if code(error) == "ObjectLockConfigurationNotFoundError":
                raise no_lock from None
            raise
    retention = answer["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention", {})
    if "Days" not in retention and "Years" not in retention:
        raise no_lock
    return int(retention["Days"]) if "Days" in retention else int(retention["Years"]) * 365
