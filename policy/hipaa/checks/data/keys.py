"""Encryption: customer managed keys that rotate, and secrets that rotate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation
from hipaa.reading.documents import Statement, check_statements
from hipaa.reading.values import block_paths, number, require_customer_key
from hipaa.rule import rule

SYMMETRIC = "SYMMETRIC_DEFAULT"
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
UNITS_PER_DAY = {"minute": 24 * 60, "hour": 24, "day": 1}


@rule("KMS-01", types.KEY)
def keys_rotate(key: Resource, _settings: Settings) -> Iterator[Finding]:
    """Keys rotate automatically, except those AWS cannot rotate: asymmetric and HMAC keys, and custom key stores.

    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    """
    spec = key.get("customerMasterKeySpec")
    if spec not in (ABSENT, UNKNOWN, SYMMETRIC) or key.get("customKeyStoreId") is not ABSENT:
        return
    if spec is UNKNOWN and key.get("enableKeyRotation") is not True:
        yield Undecided(path="customerMasterKeySpec")
        return
    yield from key.require_true("enableKeyRotation", "the key does not rotate")


@rule("KMS-03", types.KEY, types.KEY_POLICY)
def key_policies_are_not_public(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every key has a key policy, inline or separate, and none allows everyone without a condition."""
    for key in stack.of([types.KEY]):
        if not stack.referrers([types.KEY_POLICY], "keyId", key):
            for finding in key.require_set("policy", "the key has no key policy"):
                yield key, finding
    for resource in stack.of([types.KEY, types.KEY_POLICY]):
        for finding in check_statements(resource, "policy", _find_public_grant):
            yield resource, finding


@rule(
    "SEC-01",
    types.SECRET,
    types.SECRET_ROTATION,
    schema={
        "days": {
            "type": "integer",
            "default": 90,
            "minimum": 1,
            "description": "Maximum number of days between two rotations of a secret.",
        }
    },
)
def secrets_rotate(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every secret rotates at least every `days`; a cron expression passes."""
    for secret in stack.of([types.SECRET]):
        rotations = stack.referrers([types.SECRET_ROTATION], "secretId", secret)
        if not rotations:
            yield secret, Violation(message="the secret has no rotation")
            continue
        for rotation in rotations:
            for path in block_paths(rotation, "rotationRules"):
                for finding in _check_interval(rotation, path, settings["days"]):
                    yield rotation, finding


@rule("SEC-02", types.SECRET, types.RDS_CLUSTER, types.INSTANCE)
def secrets_are_encrypted(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """Secrets are encrypted with a customer managed key, including those that RDS creates for a master user. By default
    AWS manages the key, which every identity of the account may use.
    """
    if resource.type == types.SECRET:
        yield from require_customer_key(resource, "kmsKeyId")
    elif (managed := resource.get("manageMasterUserPassword")) is UNKNOWN:
        yield Undecided(path="manageMasterUserPassword")
    elif managed is True:
        yield from require_customer_key(resource, "masterUserSecretKmsKeyId")


@rule("SNS-01", types.TOPIC)
def topics_are_encrypted(topic: Resource, _settings: Settings) -> Iterator[Finding]:
    """Topics are encrypted with a customer managed key; alarms cannot publish to topics with an AWS managed key."""
    yield from require_customer_key(topic, "kmsMasterKeyId")


@rule("FH-01", types.FIREHOSE_DELIVERY_STREAM, types.STREAM)
def streams_are_encrypted(stream: Resource, _settings: Settings) -> Iterator[Finding]:
    """Streams are encrypted with a customer managed key. A delivery stream that reads from Kinesis or Kafka cannot be:
    it stores nothing, and its source is encrypted.

    https://docs.aws.amazon.com/firehose/latest/dev/encryption.html
    """
    if stream.type == types.STREAM:
        yield from stream.require("encryptionType", lambda value: value == "KMS", "the records are not encrypted")
        if stream.get("encryptionType") == "KMS":
            yield from require_customer_key(stream, "kmsKeyId")
        return
    if any(stream.get(source) is not ABSENT for source in ("kinesisSourceConfiguration", "mskSourceConfiguration")):
        return
    for path in block_paths(stream, "serverSideEncryption"):
        yield from stream.require_true(f"{path}.enabled", "the records are not encrypted")
        if stream.get(f"{path}.enabled") is True:
            yield from stream.require(
                f"{path}.keyType", lambda value: value == "CUSTOMER_MANAGED_CMK", "AWS owns the key"
            )
            yield from require_customer_key(stream, f"{path}.keyArn")


def _find_public_grant(statement: Statement) -> str | None:
    public = statement.allows and statement.covers_everyone and not statement.conditions
    return "everyone can use the key without a condition" if public else None


def _check_interval(rotation: Resource, path: str, days: int) -> Iterator[Finding]:
    """Findings unless a rotation's rules make it frequent enough."""
    after, expression = rotation.get(f"{path}.automaticallyAfterDays"), rotation.get(f"{path}.scheduleExpression")
    if UNKNOWN in (after, expression):
        yield Undecided(path=path)
    elif expression is not ABSENT:
        if not _is_within(expression, days):
            yield Violation(
                message=f"more than {days} days pass between two rotations", path=f"{path}.scheduleExpression"
            )
    elif not 0 < (number(after) or 0) <= days:
        yield Violation(
            message=f"the secret is not rotated at least every {days} days", path=f"{path}.automaticallyAfterDays"
        )


def _is_within(expression: Any, days: int) -> bool:
    found = RATE.fullmatch(str(expression).strip())
    return found is None or int(found[1]) <= days * UNITS_PER_DAY[found[2]]
