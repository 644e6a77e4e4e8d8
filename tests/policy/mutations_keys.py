"""Mutations of this project's own plans that violate the rules for encryption."""

from __future__ import annotations

from tests.policy.mutations import Mutations, drop
from tests.unit.contracts.edit import edit_named, edit_nested, in_statement

NEVER = "rate(365 days)"


MUTATIONS: Mutations = {
    "a key without rotation": ("dev", edit_named("keys-images", enableKeyRotation=None), frozenset({"KMS-01"})),
    "a public key policy": (
        "dev",
        in_statement("keys-images", "AccountAdministration", Principal={"AWS": ["*"]}),
        frozenset({"KMS-03"}),
    ),
    "no key policy": ("prod", edit_named("keys-database", policy=None), frozenset({"KMS-03"})),
    "no password rotation": ("dev", drop("rotation-schedule"), frozenset({"SEC-01"})),
    "password rotation twice a year": (
        "dev",
        edit_nested("rotation-schedule", "rotationRules.automaticallyAfterDays", 180),
        frozenset({"SEC-01"}),
    ),
    "yearly password rotation": (
        "prod",
        edit_named("rotation-schedule", rotationRules={"scheduleExpression": NEVER}),
        frozenset({"SEC-01"}),
    ),
    "a secret encrypted with AWS's key": (
        "dev",
        edit_named("database-mb-db-password", kmsKeyId=None),
        frozenset({"SEC-02"}),
    ),
    "a master password encrypted with AWS's key": (
        "dev",
        edit_named("database-cluster", masterUserSecretKmsKeyId=None),
        frozenset({"SEC-02"}),
    ),
    "a topic encrypted with AWS's key": (
        "dev",
        edit_named("alarms-topic", kmsMasterKeyId="alias/aws/sns"),
        frozenset({"SNS-01"}),
    ),
    "an unencrypted stream": ("prod", edit_named("splunk-aws-lambda", serverSideEncryption=None), frozenset({"FH-01"})),
    "a stream encrypted with AWS's key": (
        "prod",
        edit_nested("splunk-aws-lambda", "serverSideEncryption.keyType", "AWS_OWNED_CMK"),
        frozenset({"FH-01"}),
    ),
}

NOT_OURS: dict[str, str] = {}
