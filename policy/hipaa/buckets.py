"""Buckets and their settings, which have resources of their own, or stand inside the bucket in the older spelling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Stack, Undecided, Violation, each, look

Judge = Callable[[Resource], Iterable[Finding]]


def one(data: Any, *names: str) -> Any:
    """The first element of the first of these lists that has any, or ABSENT; a list of one may be spelled flat."""
    return next((value for name in names for _, value in each(data, name)), ABSENT)


def of_bucket(stack: Stack, kind: str, bucket: Resource) -> list[Resource]:
    """The bucket's settings of a type: resources that refer to it, and what it says itself in the form of those."""
    return [*stack.referring([kind], "bucket", bucket), *_inline(kind, bucket)]


def settled(
    stack: Stack, kind: str, judge: Judge, missing: str, buckets: Iterable[Resource] | None = None
) -> Iterator[tuple[Resource, Finding]]:
    """For every bucket: its setting of the type `kind` is there, and `judge` finds nothing in it.

    What is found is the bucket's, also where it stands in another resource. Of several settings the best counts.
    """
    for bucket in stack.of([types.BUCKET]) if buckets is None else buckets:
        judged: list[list[Finding]] = [
            list(_said(setting, judge, bucket)) for setting in of_bucket(stack, kind, bucket)
        ]
        if not judged:
            judged = [[Undecided(path="bucket")] if _is_adrift(stack, kind) else [Violation(message=missing)]]
        for finding in min(judged, key=_weight):
            yield bucket, finding


def holds_logs(stack: Stack, bucket: Resource) -> bool:
    """Whether server access logs are written into the bucket."""
    inline = ("logging.targetBucket", "loggings.0.targetBucket")
    return bool(stack.referring([types.BUCKET_LOGGING], "targetBucket", bucket)) or any(
        stack.refers(other, path, bucket) for other in stack.of([types.BUCKET]) for path in inline
    )


def is_arn_of(text: Any, bucket: Resource) -> bool:
    """Whether a text is the bucket's ARN, as far as its name is known."""
    name = bucket.get("bucket")
    return isinstance(text, str) and isinstance(name, str) and text.endswith(f":s3:::{name}")


def _said(setting: Resource, judge: Judge, bucket: Resource) -> Iterator[Finding]:
    for finding in judge(setting):
        if isinstance(finding, Violation) and setting.urn != bucket.urn:
            yield replace(finding, message=f"{finding.message} (in {setting.name})")
        else:
            yield finding


def _weight(findings: list[Finding]) -> int:
    return 2 if any(isinstance(finding, Violation) for finding in findings) else len(findings[:1])


def _is_adrift(stack: Stack, kind: str) -> bool:
    """Whether a setting may belong to any bucket: its bucket is unknown, and no dependency tells."""
    return any(
        setting.get("bucket") is UNKNOWN and not setting.dependencies.get("bucket") for setting in stack.of([kind])
    )


def _inline(kind: str, bucket: Resource) -> Iterator[Resource]:
    names, translate = _SPELLINGS.get(kind, ((), _first))
    for name in names:
        found = bucket.get(name)
        values = [found] if isinstance(found, str) and found else [value for _, value in bucket.each(name)]
        # What AWS has yet to fill in is unknown as well; only a dependency shows that the program set it.
        if values and (found is not UNKNOWN or bucket.dependencies.get(name)):
            yield replace(bucket, type=kind, properties=translate(values))


def _status(enabled: Any, otherwise: str) -> Any:
    return UNKNOWN if enabled is UNKNOWN else "Enabled" if enabled is True else otherwise


def _versioning(values: list[Any]) -> Mapping[str, Any]:
    return {"versioningConfiguration": {"status": _status(look(values[0], "enabled"), "Suspended")}}


def _encryption(values: list[Any]) -> Mapping[str, Any]:
    default = "applyServerSideEncryptionByDefault"
    return {
        "rules": [
            {default: one(rule, default, f"{default}s"), "bucketKeyEnabled": look(rule, "bucketKeyEnabled")}
            for value in values
            for name in ("rule", "rules")
            for _, rule in each(value, name)
        ]
    }


def _lifecycle(values: list[Any]) -> Mapping[str, Any]:
    expiration = "noncurrentVersionExpiration"
    return {
        "rules": [
            {
                "status": _status(look(value, "enabled"), "Disabled"),
                expiration: one(value, expiration, f"{expiration}s"),
                "noncurrentVersionTransitions": look(value, "noncurrentVersionTransitions"),
                "abortIncompleteMultipartUpload": look(value, "abortIncompleteMultipartUploadDays"),
            }
            for value in values
        ]
    }


def _object_lock(values: list[Any]) -> Mapping[str, Any]:
    rule = one(values[0], "rule", "rules")
    return {"rule": {"defaultRetention": one(rule, "defaultRetention", "defaultRetentions")}}


def _first(values: list[Any]) -> Mapping[str, Any]:
    return values[0] if isinstance(values[0], Mapping) else {"targetBucket": values[0], "rules": values[0]}


def _policy(values: list[Any]) -> Mapping[str, Any]:
    return {"policy": values[0]}


_SPELLINGS: dict[str, tuple[tuple[str, ...], Callable[[list[Any]], Mapping[str, Any]]]] = {
    types.BUCKET_VERSIONING: (("versioning", "versionings"), _versioning),
    types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION: (
        ("serverSideEncryptionConfiguration", "serverSideEncryptionConfigurations"),
        _encryption,
    ),
    types.BUCKET_LIFECYCLE_CONFIGURATION: (("lifecycleRules",), _lifecycle),
    types.BUCKET_LOGGING: (("logging", "loggings"), _first),
    types.BUCKET_REPLICATION_CONFIG: (("replicationConfiguration", "replicationConfigurations"), _first),
    types.BUCKET_OBJECT_LOCK_CONFIGURATION: (("objectLockConfiguration",), _object_lock),
    types.BUCKET_POLICY: (("policy",), _policy),
}
"""By type of setting: the bucket's own properties for it, and how their elements read there."""
