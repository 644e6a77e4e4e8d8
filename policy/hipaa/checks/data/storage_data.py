"""Buckets: versioning, encryption, replication, Object Lock, lifecycle and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, require, value_at
from hipaa.reading.buckets import check_buckets, first_element, is_arn_of, is_log_target
from hipaa.rule import rule
from hipaa.selector import IMAGE_NAMES, is_selected, selector_schema, string_list_schema

BucketFindings = Iterator[tuple[Resource, Finding]]


@rule("S3-04", types.BUCKET_VERSIONING, types.BUCKET)
def has_versioning(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has versioning enabled."""

    def check(versioning: Resource) -> Iterator[Finding]:
        path, message = "versioningConfiguration.status", "versioning is not enabled"
        return versioning.require(path, lambda status: status == "Enabled", message)

    return check_buckets(stack, types.BUCKET_VERSIONING, check, "versioning is not enabled")


@rule(
    "S3-05",
    types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
    types.BUCKET,
    types.BUCKET_LOGGING,
    types.LOAD_BALANCER,
)
def has_default_encryption(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket is encrypted by default with a KMS key of the account and a bucket key. Targets of access logs may
    use SSE-S3, because S3 and load balancers deliver only to those.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    kind = types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION
    for bucket in stack.of([types.BUCKET]):
        check = _check_log_encryption if _receives_access_logs(stack, bucket) else _check_default_encryption
        yield from check_buckets(
            stack, kind, check, "its objects are not encrypted with a KMS key of the account", [bucket]
        )


def _receives_access_logs(stack: Stack, bucket: Resource) -> bool:
    load_balancers = stack.of([types.LOAD_BALANCER])
    return is_log_target(stack, bucket) or any(
        stack.refers(load_balancer, f"{path}.bucket", bucket)
        for load_balancer in load_balancers
        for path, _ in load_balancer.elements("accessLogs")
    )


def _check_log_encryption(encryption: Resource) -> Iterator[Finding]:
    algorithms = [
        value_at(first_element(entry, "applyServerSideEncryptionByDefault"), "sseAlgorithm")
        for _, entry in encryption.elements("rules")
    ]
    if algorithms and all(algorithm == "AES256" for algorithm in algorithms):
        return
    yield from _check_default_encryption(encryption)


def _check_default_encryption(encryption: Resource) -> Iterator[Finding]:
    rules = list(encryption.elements("rules"))
    if not rules:
        yield Violation(message="it has no encryption rule", path="rules")
    for path, entry in rules:
        default = first_element(entry, "applyServerSideEncryptionByDefault")
        where = f"{path}.applyServerSideEncryptionByDefault"
        algorithm, key = value_at(default, "sseAlgorithm"), value_at(default, "kmsMasterKeyId")
        if algorithm is not UNKNOWN and algorithm != "aws:kms":
            yield Violation(message="objects are not encrypted with aws:kms", path=f"{where}.sseAlgorithm")
            continue
        if key is ABSENT or key == "" or (isinstance(key, str) and key.endswith("alias/aws/s3")):
            yield Violation(message="the key is not a customer managed key", path=f"{where}.kmsMasterKeyId")
        yield from require(
            value_at(entry, "bucketKeyEnabled"),
            f"{path}.bucketKeyEnabled",
            lambda value: value is True,
            "every object needs its own call to KMS: the bucket key is off",
        )


@rule(
    "S3-08",
    types.BUCKET_REPLICATION_CONFIG,
    types.BUCKET,
    types.BUCKET_LOGGING,
    schema=selector_schema(IMAGE_NAMES, ["images"]),
)
def has_replication(stack: Stack, settings: Settings) -> BucketFindings:
    """Every image bucket is replicated, except replicas and targets of access logs."""

    def check(replication: Resource) -> Iterator[Finding]:
        message = "no replication rule is enabled"
        yield from _require_enabled_rule(replication, lambda entry: value_at(entry, "status"), message)

    buckets = [
        bucket
        for bucket in stack.of([types.BUCKET])
        if is_selected(bucket, settings) and not _is_replica(stack, bucket) and not is_log_target(stack, bucket)
    ]
    return check_buckets(stack, types.BUCKET_REPLICATION_CONFIG, check, "its objects are not replicated", buckets)


def _require_enabled_rule(resource: Resource, status: Callable[[Any], Any], message: str) -> Iterator[Finding]:
    """A violation unless `status` of one of the `rules` is Enabled."""
    found = [status(entry) for _, entry in resource.elements("rules")]
    if "Enabled" not in found:
        yield Undecided(path="rules") if UNKNOWN in found else Violation(message=message, path="rules")


def _is_replica(stack: Stack, bucket: Resource) -> bool:
    entry = [(source, "rules") for source in stack.of([types.BUCKET_REPLICATION_CONFIG])]
    entry += [(source, "replicationConfiguration.rules") for source in stack.of([types.BUCKET]) if source is not bucket]
    return any(
        stack.refers(source, f"{path}.destination.bucket", bucket)
        or is_arn_of(source.get(f"{path}.destination.bucket"), bucket)
        for source, rules in entry
        for path, _ in source.elements(rules)
    )


@rule(
    "S3-09",
    types.BUCKET,
    types.BUCKET_OBJECT_LOCK_CONFIGURATION,
    types.BUCKET_LOGGING,
    types.TRAIL,
    types.DELIVERY_CHANNEL,
    schema={
        **selector_schema(["*audit*", "*archive*", "*trail*"], ["audit", "archive"]),
        "modes": string_list_schema(["GOVERNANCE"]),
    },
)
def has_object_lock(stack: Stack, settings: Settings) -> BucketFindings:
    """Objects of trails and archives cannot be deleted before their retention ends.

    Buckets that cannot have a lock are skipped: targets of S3 access logs, and those of AWS Config.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-config-deliverychannel.html
    """

    def check(lock: Resource) -> Iterator[Finding]:
        message = f"new objects are not locked in mode {' or '.join(settings['modes'])}"
        found = first_element(first_element(lock.properties, "rule"), "defaultRetention")
        yield from require(
            value_at(found, "mode"), "rule.defaultRetention.mode", lambda mode: mode in settings["modes"], message
        )

    for bucket in stack.of([types.BUCKET]):
        if _needs_lock(stack, bucket, settings):
            if bucket.get("objectLockConfiguration.objectLockEnabled") != "Enabled":
                for finding in bucket.require("objectLockEnabled", lambda value: value is True, "Object Lock is off"):
                    yield bucket, finding
            missing = "new objects are not locked by default"
            yield from check_buckets(stack, types.BUCKET_OBJECT_LOCK_CONFIGURATION, check, missing, [bucket])


def _needs_lock(stack: Stack, bucket: Resource, settings: Settings) -> bool:
    kept = is_selected(bucket, settings) or bool(stack.referrers([types.TRAIL], "s3BucketName", bucket))
    config = stack.referrers([types.DELIVERY_CHANNEL], "s3BucketName", bucket)
    return kept and not config and not is_log_target(stack, bucket)


@rule("S3-10", types.BUCKET_LIFECYCLE_CONFIGURATION, types.BUCKET)
def has_lifecycle(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket moves or expires noncurrent versions and aborts incomplete multipart uploads."""

    def check(lifecycle: Resource) -> Iterator[Finding]:
        noncurrent = ("noncurrentVersionExpiration", "noncurrentVersionTransitions")
        yield from _require_enabled_rule(
            lifecycle, lambda entry: _rule_status(entry, *noncurrent), "noncurrent versions never expire"
        )
        multipart = "abortIncompleteMultipartUpload"
        yield from _require_enabled_rule(
            lifecycle, lambda entry: _rule_status(entry, multipart), "incomplete multipart uploads are never aborted"
        )

    return check_buckets(
        stack,
        types.BUCKET_LIFECYCLE_CONFIGURATION,
        check,
        "noncurrent versions and incomplete multipart uploads never expire",
    )


def _rule_status(entry: Any, *actions: str) -> Any:
    """The status of a rule that has one of the actions; Disabled if it has none."""
    found = [value_at(entry, action) for action in actions]
    if any(value is not UNKNOWN and value is not ABSENT and value not in ({}, []) for value in found):
        return value_at(entry, "status")
    return UNKNOWN if UNKNOWN in found and value_at(entry, "status") in ("Enabled", UNKNOWN) else "Disabled"


@rule("S3-11", types.BUCKET_NOTIFICATION, types.BUCKET)
def has_event_notifications(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket sends its events to EventBridge."""

    def check(notification: Resource) -> Iterator[Finding]:
        return notification.require_true("eventbridge", "events are not sent to EventBridge")

    return check_buckets(stack, types.BUCKET_NOTIFICATION, check, "its events are not sent to EventBridge")
