"""Buckets: what becomes of the data in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hipaa import types
from hipaa.buckets import holds_logs, is_arn_of, one, settled
from hipaa.choice import IMAGES, choice, is_chosen
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, look
from hipaa.rule import rule

BucketFindings = Iterator[tuple[Resource, Finding]]


@rule("S3-04", types.BUCKET_VERSIONING, types.BUCKET)
def versioned(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket keeps versions."""

    def judge(versioning: Resource) -> Iterator[Finding]:
        path, message = "versioningConfiguration.status", "versions of objects are not kept"
        return versioning.expect(path, lambda status: status == "Enabled", message)

    return settled(stack, types.BUCKET_VERSIONING, judge, "versions of its objects are not kept")


@rule(
    "S3-05",
    types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION,
    types.BUCKET,
    types.BUCKET_LOGGING,
    types.LOAD_BALANCER,
)
def encrypted(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket encrypts with a key of the account by default, and with a bucket key; one of access logs with S3's
    own keys, for S3 and balancers deliver those to no other.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    kind = types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION
    for bucket in stack.of([types.BUCKET]):
        judge = _encryption_of_logs if _takes_deliveries(stack, bucket) else _default_encryption
        yield from settled(stack, kind, judge, "no key of the account encrypts its objects", [bucket])


def _takes_deliveries(stack: Stack, bucket: Resource) -> bool:
    balancers = stack.of([types.LOAD_BALANCER])
    return holds_logs(stack, bucket) or any(
        stack.refers(balancer, f"{path}.bucket", bucket)
        for balancer in balancers
        for path, _ in balancer.each("accessLogs")
    )


def _encryption_of_logs(encryption: Resource) -> Iterator[Finding]:
    algorithms = [
        look(one(stated, "applyServerSideEncryptionByDefault"), "sseAlgorithm")
        for _, stated in encryption.each("rules")
    ]
    if algorithms and all(algorithm == "AES256" for algorithm in algorithms):
        return
    yield from _default_encryption(encryption)


def _default_encryption(encryption: Resource) -> Iterator[Finding]:
    rules = list(encryption.each("rules"))
    if not rules:
        yield Violation(message="it says nothing of how objects are encrypted", path="rules")
    for path, stated in rules:
        default = one(stated, "applyServerSideEncryptionByDefault")
        where = f"{path}.applyServerSideEncryptionByDefault"
        algorithm, key = look(default, "sseAlgorithm"), look(default, "kmsMasterKeyId")
        if algorithm is not UNKNOWN and algorithm != "aws:kms":
            yield Violation(message="objects are not encrypted with aws:kms", path=f"{where}.sseAlgorithm")
            continue
        if key is ABSENT or key == "" or (isinstance(key, str) and key.endswith("alias/aws/s3")):
            yield Violation(message="the key is not one of the account's own", path=f"{where}.kmsMasterKeyId")
        yield from _expect(
            look(stated, "bucketKeyEnabled"),
            f"{path}.bucketKeyEnabled",
            lambda value: value is True,
            "every object asks KMS for a key of its own",
        )


def _expect(value: Any, path: str, holds: Callable[[Any], bool], message: str) -> Iterator[Finding]:
    if value is UNKNOWN:
        yield Undecided(path=path)
    elif not holds(value):
        yield Violation(message=message, path=path)


@rule(
    "S3-08",
    types.BUCKET_REPLICATION_CONFIG,
    types.BUCKET,
    types.BUCKET_LOGGING,
    schema=choice(IMAGES, ["images"]),
)
def replicated(stack: Stack, settings: Settings) -> BucketFindings:
    """Every bucket of images is copied to another. A bucket of copies needs none, nor does one of access logs."""

    def judge(replication: Resource) -> Iterator[Finding]:
        message = "no rule of the replication is in force"
        yield from _any_rule(replication, lambda stated: look(stated, "status"), message)

    buckets = [
        bucket
        for bucket in stack.of([types.BUCKET])
        if is_chosen(bucket, settings) and not _holds_copies(stack, bucket) and not holds_logs(stack, bucket)
    ]
    return settled(stack, types.BUCKET_REPLICATION_CONFIG, judge, "its objects are not copied anywhere", buckets)


def _any_rule(resource: Resource, status: Callable[[Any], Any], message: str) -> Iterator[Finding]:
    """Broken unless `status` of one of the `rules` is Enabled."""
    found = [status(stated) for _, stated in resource.each("rules")]
    if "Enabled" not in found:
        yield Undecided(path="rules") if UNKNOWN in found else Violation(message=message, path="rules")


def _holds_copies(stack: Stack, bucket: Resource) -> bool:
    stated = [(source, "rules") for source in stack.of([types.BUCKET_REPLICATION_CONFIG])]
    stated += [
        (source, "replicationConfiguration.rules") for source in stack.of([types.BUCKET]) if source is not bucket
    ]
    return any(
        stack.refers(source, f"{path}.destination.bucket", bucket)
        or is_arn_of(source.get(f"{path}.destination.bucket"), bucket)
        for source, rules in stated
        for path, _ in source.each(rules)
    )


@rule(
    "S3-09",
    types.BUCKET,
    types.BUCKET_OBJECT_LOCK_CONFIGURATION,
    types.BUCKET_LOGGING,
    types.TRAIL,
    types.DELIVERY_CHANNEL,
    schema={
        **choice(["*audit*", "*archive*", "*trail*"], ["audit", "archive"]),
        "modes": {"type": "array", "items": {"type": "string"}, "default": ["GOVERNANCE"]},
    },
)
def locked(stack: Stack, settings: Settings) -> BucketFindings:
    """What trails write and what is archived cannot be deleted before its time.

    Left out are buckets where AWS cannot have a lock: those of server access logs, and those of AWS Config.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-config-deliverychannel.html
    """

    def judge(lock: Resource) -> Iterator[Finding]:
        message = f"objects are not locked in the mode {' or '.join(settings['modes'])} when they arrive"
        found = one(one(lock.properties, "rule"), "defaultRetention")
        yield from _expect(
            look(found, "mode"), "rule.defaultRetention.mode", lambda mode: mode in settings["modes"], message
        )

    for bucket in stack.of([types.BUCKET]):
        if _is_record(stack, bucket, settings):
            if bucket.get("objectLockConfiguration.objectLockEnabled") != "Enabled":
                for finding in bucket.expect("objectLockEnabled", lambda value: value is True, "Object Lock is off"):
                    yield bucket, finding
            missing = "nothing locks its objects when they arrive"
            yield from settled(stack, types.BUCKET_OBJECT_LOCK_CONFIGURATION, judge, missing, [bucket])


def _is_record(stack: Stack, bucket: Resource, settings: Settings) -> bool:
    kept = is_chosen(bucket, settings) or bool(stack.referring([types.TRAIL], "s3BucketName", bucket))
    config = stack.referring([types.DELIVERY_CHANNEL], "s3BucketName", bucket)
    return kept and not config and not holds_logs(stack, bucket)


@rule("S3-10", types.BUCKET_LIFECYCLE_CONFIGURATION, types.BUCKET)
def tidied(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket moves or ends old versions, and gives up uploads that were never finished."""

    def judge(lifecycle: Resource) -> Iterator[Finding]:
        old = ("noncurrentVersionExpiration", "noncurrentVersionTransitions")
        yield from _any_rule(lifecycle, lambda stated: _in_force(stated, *old), "old versions are kept for ever")
        upload = "abortIncompleteMultipartUpload"
        yield from _any_rule(
            lifecycle, lambda stated: _in_force(stated, upload), "unfinished uploads are never given up"
        )

    return settled(stack, types.BUCKET_LIFECYCLE_CONFIGURATION, judge, "old versions and unfinished uploads never end")


def _in_force(stated: Any, *actions: str) -> Any:
    """The status of a rule that has one of the actions; Disabled of one that has none."""
    found = [look(stated, action) for action in actions]
    if any(value is not UNKNOWN and value is not ABSENT and value not in ({}, []) for value in found):
        return look(stated, "status")
    return UNKNOWN if UNKNOWN in found and look(stated, "status") in ("Enabled", UNKNOWN) else "Disabled"


@rule("S3-11", types.BUCKET_NOTIFICATION, types.BUCKET)
def events_sent(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket tells EventBridge of its events."""

    def judge(notification: Resource) -> Iterator[Finding]:
        return notification.is_true("eventbridge", "events go nowhere where a rule could see them")

    return settled(stack, types.BUCKET_NOTIFICATION, judge, "nothing is told of what happens in it")
