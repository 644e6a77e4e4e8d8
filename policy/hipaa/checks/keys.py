"""Keys and what they encrypt: keys are the customer's own and change, and so do secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.documents import Statement, wrong
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation
from hipaa.rule import rule
from hipaa.values import blocks, is_customer_key, number

SYMMETRIC = "SYMMETRIC_DEFAULT"
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
RATE_IN_A_DAY = {"minute": 24 * 60, "hour": 24, "day": 1}


@rule("KMS-01", types.KEY)
def keys_rotate(key: Resource, _settings: Settings) -> Iterator[Finding]:
    """Keys rotate by themselves, save those that AWS cannot rotate: asymmetric and HMAC keys, and custom key stores.

    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    """
    spec = key.get("customerMasterKeySpec")
    if spec not in (ABSENT, UNKNOWN, SYMMETRIC) or key.get("customKeyStoreId") is not ABSENT:
        return
    if spec is UNKNOWN and key.get("enableKeyRotation") is not True:
        yield Undecided(path="customerMasterKeySpec")
        return
    yield from key.is_true("enableKeyRotation", "the key is never exchanged for a new one")


@rule("KMS-03", types.KEY, types.KEY_POLICY)
def keys_are_not_for_everybody(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every key has a policy, its own or a separate one, and neither lets everybody in without a condition."""
    for key in stack.of([types.KEY]):
        if not stack.referring([types.KEY_POLICY], "keyId", key):
            for finding in key.is_set("policy", "nothing says who may use and administer the key"):
                yield key, finding
    for resource in stack.of([types.KEY, types.KEY_POLICY]):
        for finding in wrong(resource, "policy", _lets_everybody_in):
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
            "description": "longest time between two rotations of a secret",
        }
    },
)
def secrets_rotate(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every secret is rotated at least every `days`; a cron expression counts as often enough."""
    for secret in stack.of([types.SECRET]):
        rotations = stack.referring([types.SECRET_ROTATION], "secretId", secret)
        if not rotations:
            yield secret, Violation(message="nothing rotates the secret")
            continue
        for rotation in rotations:
            for path in blocks(rotation, "rotationRules"):
                for finding in _often(rotation, path, settings["days"]):
                    yield rotation, finding


@rule("SEC-02", types.SECRET, types.RDS_CLUSTER, types.INSTANCE)
def secrets_are_encrypted(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """Secrets are encrypted with the customer's key, also the one that RDS makes for a database's master user; absent
    is a key of AWS, which every identity of the account may use.
    """
    if resource.type == types.SECRET:
        yield from _own_key(resource, "kmsKeyId")
    elif (managed := resource.get("manageMasterUserPassword")) is UNKNOWN:
        yield Undecided(path="manageMasterUserPassword")
    elif managed is True:
        yield from _own_key(resource, "masterUserSecretKmsKeyId")


@rule("SNS-01", types.TOPIC)
def topics_are_encrypted(topic: Resource, _settings: Settings) -> Iterator[Finding]:
    """Topics are encrypted with the customer's key; alarms cannot publish to one that has the key of AWS."""
    yield from _own_key(topic, "kmsMasterKeyId")


@rule("FH-01", types.FIREHOSE_DELIVERY_STREAM, types.STREAM)
def streams_are_encrypted(stream: Resource, _settings: Settings) -> Iterator[Finding]:
    """Streams are encrypted with the customer's key. A delivery stream that reads from a Kinesis stream or from Kafka
    cannot be: it keeps nothing itself, and its source is encrypted.

    https://docs.aws.amazon.com/firehose/latest/dev/encryption.html
    """
    if stream.type == types.STREAM:
        yield from stream.expect("encryptionType", lambda value: value == "KMS", "the records are not encrypted")
        if stream.get("encryptionType") == "KMS":
            yield from _own_key(stream, "kmsKeyId")
        return
    if any(stream.get(source) is not ABSENT for source in ("kinesisSourceConfiguration", "mskSourceConfiguration")):
        return
    for path in blocks(stream, "serverSideEncryption"):
        yield from stream.is_true(f"{path}.enabled", "the records are not encrypted")
        if stream.get(f"{path}.enabled") is True:
            yield from stream.expect(
                f"{path}.keyType", lambda value: value == "CUSTOMER_MANAGED_CMK", "the key is one that AWS owns"
            )
            yield from _own_key(stream, f"{path}.keyArn")


def _own_key(resource: Resource, path: str) -> Iterator[Finding]:
    """Broken unless a key is named that is not AWS's; one that is not known yet is one."""
    found = resource.get(path)
    if found is not UNKNOWN and not is_customer_key(found):
        what = "no key of the customer is named" if found in (ABSENT, "") else "the key is one that AWS manages"
        yield Violation(message=what, path=path)


def _lets_everybody_in(statement: Statement) -> str | None:
    everybody = statement.allows and statement.anyone and not statement.conditions
    return "everybody may use the key, under no condition" if everybody else None


def _often(rotation: Resource, path: str, days: int) -> Iterator[Finding]:
    """Whether a rotation's rules make it come often enough."""
    after, expression = rotation.get(f"{path}.automaticallyAfterDays"), rotation.get(f"{path}.scheduleExpression")
    if UNKNOWN in (after, expression):
        yield Undecided(path=path)
    elif expression is not ABSENT:
        if not _within(expression, days):
            yield Violation(
                message=f"more than {days} days pass between two rotations", path=f"{path}.scheduleExpression"
            )
    elif not 0 < (number(after) or 0) <= days:
        yield Violation(
            message=f"the secret is not rotated at least every {days} days", path=f"{path}.automaticallyAfterDays"
        )


def _within(expression: Any, days: int) -> bool:
    found = RATE.fullmatch(str(expression).strip())
    return found is None or int(found[1]) <= days * RATE_IN_A_DAY[found[2]]
