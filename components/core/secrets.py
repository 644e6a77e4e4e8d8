"""Secrets: encrypted with their own key, named so that policies can name them, with values that stay out of AWS state.

A value is passed write-only: the provider hands it to Secrets Manager and never stores or reads it back.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import secretsmanager

from components.core.keys import use_key
from components.core.platform import Component
from layout.documents import Statement, allow
from layout.naming import Names

RECOVERY_DAYS = 7
FIRST = "FIRST"
"""Label of a rotated secret's first version. AWS deletes a version without labels in time; a refresh would then miss
it, and the next update would put the first value back in force.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
"""


@dataclass(frozen=True, kw_only=True)
class StoredSecret:
    """A secret. `pattern` is the ARN that policies name, `arn` the one AWS gave it.

    `version` changes with the value that the program wrote; it reveals nothing of a random value or a certificate.
    """

    pattern: str
    arn: pulumi.Output[str]
    secret: secretsmanager.Secret
    version: pulumi.Output[str]


def value_version(value: str) -> int:
    """A version number derived from the value, so that a new value is written to its secret."""
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:3], "big")


def create_secret(
    component: Component,
    suffix: str,
    *,
    description: str,
    value: pulumi.Input[str],
    version: pulumi.Input[int],
    rotated: bool = False,
) -> StoredSecret:
    """Creates the secret `<prefix>/<suffix>` with `value`; a new `version` writes the value again.

    `rotated`: `value` is only the initial one. Rotation moves the staging labels, and the program ignores them.
    """
    names = component.names
    secret = secretsmanager.Secret(
        component.child(suffix),
        name=names.secret(suffix),
        description=description,
        kms_key_id=component.keys.secrets.arn,
        recovery_window_in_days=RECOVERY_DAYS,
        tags=names.tags(suffix),
        opts=component.options(),
    )
    current = secretsmanager.SecretVersion(
        component.child(f"{suffix}-value"),
        secret_id=secret.id,
        secret_string_wo=pulumi.Output.secret(value),
        secret_string_wo_version=version,
        version_stages=["AWSCURRENT", FIRST] if rotated else None,
        opts=component.options(ignore_changes=["versionStages"] if rotated else None),
    )
    # Readers of this ARN wait for the value, not only for the empty secret.
    arn = pulumi.Output.all(secret.arn, current.id).apply(lambda known: str(known[0]))
    return StoredSecret(
        pattern=names.secret_arn(suffix),
        arn=arn,
        secret=secret,
        version=pulumi.Output.unsecret(pulumi.Output.from_input(version).apply(str)),
    )


def read_statements(names: Names, patterns: Sequence[str]) -> list[Statement]:
    """May read the secrets `patterns`, and decrypt them through Secrets Manager alone."""
    return [
        allow("ReadSecrets", ["secretsmanager:GetSecretValue"], list(patterns)),
        use_key("DecryptSecrets", names, "secrets", ["kms:Decrypt"], via="secretsmanager"),
    ]
