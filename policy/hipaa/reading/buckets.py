"""Buckets and their settings, which are separate resources or, in the deprecated spelling, part of the bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Stack, Undecided, Violation, elements, value_at

SettingCheck = Callable[[Resource], Iterable[Finding]]


def first_element(data: Any, *names: str) -> Any:
    """The first element of the first non-empty list among `names`, or ABSENT; a mapping counts as a list of one."""
    return next((value for name in names for _, value in elements(data, name)), ABSENT)


def bucket_settings(stack: Stack, kind: str, bucket: Resource) -> list[Resource]:
    """The bucket's settings of a type: resources that refer to it, and its own inline properties in the same form."""
    return [*stack.referrers([kind], "bucket", bucket), *_inline_settings(kind, bucket)]


def check_buckets(
    stack: Stack, kind: str, check: SettingCheck, missing: str, buckets: Iterable[Resource] | None = None
) -> Iterator[tuple[Resource, Finding]]:
    """Checks that every bucket has a setting of type `kind` in which `check` finds nothing.

    Findings are reported on the bucket, even if the setting is a separate resource. Of several settings the best
    counts.
    """
    for bucket in stack.of([types.BUCKET]) if buckets is None else buckets:
        candidates: list[list[Finding]] = [
            list(_findings(setting, check, bucket)) for setting in bucket_settings(stack, kind, bucket)
        ]
        if not candidates:
            candidates = [[Undecided(path="bucket")] if _may_be_unlinked(stack, kind) else [Violation(message=missing)]]
        for finding in min(candidates, key=_severity):
            yield bucket, finding


def is_log_target(stack: Stack, bucket: Resource) -> bool:
    """Whether S3 server access logs are delivered to the bucket."""
    inline = ("logging.targetBucket", "loggings.0.targetBucket")
    return bool(stack.referrers([types.BUCKET_LOGGING], "targetBucket", bucket)) or any(
        stack.refers(other, path, bucket) for other in stack.of([types.BUCKET]) for path in inline
    )


def is_arn_of(text: Any, bucket: Resource) -> bool:
    """Whether a text is the bucket's ARN, as far as its name is known."""
    name = bucket.get("bucket")
    return isinstance(text, str) and isinstance(name, str) and text.endswith(f":s3:::{name}")


def _findings(setting: Resource, check: SettingCheck, bucket: Resource) -> Iterator[Finding]:
    for finding in check(setting):
        if isinstance(finding, Violation) and setting.urn != bucket.urn:
            yield replace(finding, message=f"{finding.message} (in {setting.name})")
        else:
            yield finding


def _severity(findings: list[Finding]) -> int:
    return 2 if any(isinstance(finding, Violation) for finding in findings) else len(findings[:1])


def _may_be_unlinked(stack: Stack, kind: str) -> bool:
    """Whether a setting may belong to any bucket: its bucket is unknown and has no dependency."""
    return any(
        setting.get("bucket") is UNKNOWN and not setting.dependencies.get("bucket") for setting in stack.of([kind])
    )


def _inline_settings(kind: str, bucket: Resource) -> Iterator[Resource]:
    names, translate = _INLINE_PROPERTIES.get(kind, ((), _first_value))
    for name in names:
        found = bucket.get(name)
        values = [found] if isinstance(found, str) and found else [value for _, value in bucket.elements(name)]
        # Computed properties are unknown as well; only a dependency shows that the program set this one.
        if values and (found is not UNKNOWN or bucket.dependencies.get(name)):
            yield replace(bucket, type=kind, properties=translate(values))


def _status(enabled: Any, otherwise: str) -> Any:
    return UNKNOWN if enabled is UNKNOWN else "Enabled" if enabled is True else otherwise


def _versioning(values: list[Any]) -> Mapping[str, Any]:
    return {"versioningConfiguration": {"status": _status(value_at(values[0], "enabled"), "Suspended")}}


def _encryption(values: list[Any]) -> Mapping[str, Any]:
    default = "applyServerSideEncryptionByDefault"
    return {
        "rules": [
            {
                default: first_element(rule, default, f"{default}s"),
                "bucketKeyEnabled": value_at(rule, "bucketKeyEnabled"),
            }
            for value in values
            for name in ("rule", "rules")
            for _, rule in elements(value, name)
        ]
    }


def _lifecycle(values: list[Any]) -> Mapping[str, Any]:
    expiration = "noncurrentVersionExpiration"
    return {
        "rules": [
            {
                "status": _status(value_at(value, "enabled"), "Disabled"),
                expiration: first_element(value, expiration, f"{expiration}s"),
                "noncurrentVersionTransitions": value_at(value, "noncurrentVersionTransitions"),
                "abortIncompleteMultipartUpload": value_at(value, "abortIncompleteMultipartUploadDays"),
            }
            for value in values
        ]
    }


def _object_lock(values: list[Any]) -> Mapping[str, Any]:
    rule = first_element(values[0], "rule", "rules")
    return {"rule": {"defaultRetention": first_element(rule, "defaultRetention", "defaultRetentions")}}


def _first_value(values: list[Any]) -> Mapping[str, Any]:
    return values[0] if isinstance(values[0], Mapping) else {"targetBucket": values[0], "rules": values[0]}


def _policy(values: list[Any]) -> Mapping[str, Any]:
    return {"policy": values[0]}


_INLINE_PROPERTIES: dict[str, tuple[tuple[str, ...], Callable[[list[Any]], Mapping[str, Any]]]] = {
    types.BUCKET_VERSIONING: (("versioning", "versionings"), _versioning),
    types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION: (
        ("serverSideEncryptionConfiguration", "serverSideEncryptionConfigurations"),
        _encryption,
    ),
    types.BUCKET_LIFECYCLE_CONFIGURATION: (("lifecycleRules",), _lifecycle),
    types.BUCKET_LOGGING: (("logging", "loggings"), _first_value),
    types.BUCKET_REPLICATION_CONFIG: (("replicationConfiguration", "replicationConfigurations"), _first_value),
    types.BUCKET_OBJECT_LOCK_CONFIGURATION: (("objectLockConfiguration",), _object_lock),
    types.BUCKET_POLICY: (("policy",), _policy),
}
"""For each type of setting: the bucket's inline properties, and the function that converts their elements."""
