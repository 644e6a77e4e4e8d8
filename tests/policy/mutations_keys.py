"""Ways to break the rules for keys and what they encrypt in this project's own plans."""

from __future__ import annotations

from collections.abc import Callable

from ops.plan import Plan
from tests.unit.contracts.edit import in_statement, named, nested, without

Edit = Callable[[Plan], Plan]
NEVER = "rate(365 days)"


def unscheduled(plan: Plan) -> Plan:
    """Without the schedule by which the database password rotates."""
    return without(plan, plan.resource(name="rotation-schedule"))


MUTATIONS: dict[str, tuple[str, Edit, frozenset[str]]] = {
    "a key that never changes": ("dev", named("keys-images", enableKeyRotation=None), frozenset({"KMS-01"})),
    "a key for everybody": (
        "dev",
        in_statement("keys-images", "AccountAdministration", Principal={"AWS": ["*"]}),
        frozenset({"KMS-03"}),
    ),
    "a key without a policy": ("prod", named("keys-database", policy=None), frozenset({"KMS-03"})),
    "a password that nothing rotates": ("dev", unscheduled, frozenset({"SEC-01"})),
    "a password that rotates too seldom": (
        "dev",
        nested("rotation-schedule", "rotationRules.automaticallyAfterDays", 180),
        frozenset({"SEC-01"}),
    ),
    "a password that rotates yearly": (
        "prod",
        named("rotation-schedule", rotationRules={"scheduleExpression": NEVER}),
        frozenset({"SEC-01"}),
    ),
    "a secret under a key of AWS": ("dev", named("database-mb-db-password", kmsKeyId=None), frozenset({"SEC-02"})),
    "a master password under a key of AWS": (
        "dev",
        named("database-cluster", masterUserSecretKmsKeyId=None),
        frozenset({"SEC-02"}),
    ),
    "a topic under a key of AWS": ("dev", named("alarms-topic", kmsMasterKeyId="alias/aws/sns"), frozenset({"SNS-01"})),
    "a stream in plain text": ("prod", named("splunk-aws-lambda", serverSideEncryption=None), frozenset({"FH-01"})),
    "a stream under a key of AWS": (
        "prod",
        nested("splunk-aws-lambda", "serverSideEncryption.keyType", "AWS_OWNED_CMK"),
        frozenset({"FH-01"}),
    ),
}

NOT_OURS: dict[str, str] = {}
