"""Keys: which services a key's policy lets use it, which roles may, and on what condition."""

from __future__ import annotations

from typing import NamedTuple

from ops.plan import Plan, PlannedResource
from tests.unit.contracts.access import account
from tests.unit.contracts.documents import Statement, statements

KEY = "aws:kms/key:Key"
DELETION_DAYS = 30


class Grant(NamedTuple):
    """Who may do what with a key."""

    principals: frozenset[str]
    actions: frozenset[str]


FARGATE = frozenset({"fargate.amazonaws.com"})

SERVICES: dict[str, dict[str, Grant]] = {
    "keys-images": {
        "FargateDataKey": Grant(FARGATE, frozenset({"kms:GenerateDataKeyWithoutPlaintext"})),
        "FargateGrant": Grant(FARGATE, frozenset({"kms:CreateGrant"})),
    },
    "keys-logs": {
        "CloudWatchLogs": Grant(
            frozenset({"logs.{region}.amazonaws.com"}),
            frozenset({"kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"}),
        ),
        "AlarmPublishers": Grant(
            frozenset({"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}),
            frozenset({"kms:GenerateDataKey*", "kms:Decrypt"}),
        ),
    },
    "keys-audit": {
        "AuditTrail": Grant(
            frozenset({"cloudtrail.amazonaws.com"}),
            frozenset({"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"}),
        ),
    },
    "keys-database": {},
    "keys-secrets": {},
    "keys-archive": {},
    "keys-backup": {},
    "keys-images-copy": {},
    "keys-backup-copy": {},
}
"""Services by key and Sid; beside them there is the account's administration alone."""

CLOSING: dict[str, dict[str, Grant]] = {
    "keys-archive": {
        "LogExports": Grant(
            frozenset({"logs.{region}.amazonaws.com"}), frozenset({"kms:Decrypt", "kms:GenerateDataKey"})
        )
    },
    "closing-signing": {},
}
"""The same for the keys that a study's end adds or opens."""

DECRYPT = frozenset({"kms:Decrypt"})
READ_AND_WRITE = frozenset({"kms:Decrypt", "kms:GenerateDataKey"})

ROLES: dict[tuple[str, str], tuple[str, frozenset[str]]] = {
    ("app-run-policy", "ImageKey"): ("images", READ_AND_WRITE),
    ("replication-copier-policy", "DecryptImages"): ("images", DECRYPT),
    ("replication-copier-policy", "EncryptCopies"): ("images", frozenset({"kms:Encrypt", "kms:GenerateDataKey"})),
    ("app-start-policy", "DecryptSecrets"): ("secrets", DECRYPT),
    ("web-start-policy", "DecryptSecrets"): ("secrets", DECRYPT),
    ("baseline-recorder-policy", "EncryptHistory"): ("audit", READ_AND_WRITE),
    ("rotation-run-policy", "SecretsKey"): ("secrets", READ_AND_WRITE),
    ("rotation-run-policy", "EncryptReports"): ("logs", READ_AND_WRITE),
    ("splunk-delivery-policy", "EncryptFailedEvents"): ("logs", READ_AND_WRITE),
    ("budget-reminder-policy", "EncryptReminder"): ("logs", READ_AND_WRITE),
}
"""By policy and Sid: the data class whose key a role may use, and how."""

GRANT = frozenset({"kms:CreateGrant", "kms:DescribeKey"})

CLOSING_ROLES: dict[tuple[str, str], tuple[str, frozenset[str]]] = {
    ("closing-archiver-policy", "DecryptImages"): ("images", DECRYPT),
    ("closing-archiver-policy", "EncryptArchive"): ("archive", READ_AND_WRITE),
    ("closing-archiver-policy", "SnapshotKey"): ("database", GRANT),
    ("closing-archiver-policy", "ExportKey"): ("archive", GRANT),
    ("closing-run-policy", "DecryptLogin"): ("secrets", DECRYPT),
    ("closing-run-policy", "EncryptIndex"): ("archive", READ_AND_WRITE),
}
"""The same for the roles of a study's end."""

DIRECT: dict[tuple[str, str], tuple[str, frozenset[str]]] = {
    ("closing-archiver-policy", "SignManifest"): (
        "signing",
        frozenset({"kms:Sign", "kms:Verify", "kms:GetPublicKey", "kms:DescribeKey"}),
    ),
}
"""Rights to call KMS itself, without a service in between: nothing but a signature is asked of it."""

BY_CONTEXT = {
    ("splunk-delivery-policy", "DecryptTokens"): "the tokens' key is their owner's, so the secrets are named instead",
}
"""Statements that are bound to what they decrypt, because the key is not this stack's."""


def policies(plan: Plan) -> list[str]:
    """A key's policy names its account's administration and the services of the table, each bound to this account."""
    violations = []
    table = {**SERVICES, **CLOSING} if closing(plan) else SERVICES
    for key in plan.of_type(KEY):
        found = {statement.place[1]: statement for statement in statements(plan) if statement.resource is key}
        expected = table.get(key.name)
        if expected is None:
            violations.append(f"{key.urn}: stands in no table of keys")
        elif {"AccountAdministration", *expected} != found.keys():
            violations.append(f"{key.urn}: its policy has the statements {sorted(found)}")
        else:
            violations += _administration(plan, found.pop("AccountAdministration"))
            violations += [what for sid, one in found.items() for what in _service(plan, one, expected[sid])]
    return violations


def closing(plan: Plan) -> bool:
    """Whether the plan is of a study that ends."""
    return any(key.name == "closing-signing" for key in plan.of_type(KEY))


def _administration(plan: Plan, statement: Statement) -> list[str]:
    root = f"arn:aws:iam::{account(plan)}:root"
    return [] if statement.principals == [root] else [f"{statement}: is administered by {statement.principals}"]


def _service(plan: Plan, statement: Statement, grant: Grant) -> list[str]:
    violations = []
    principals, actions = grant
    region = plan.resource("pulumi:providers:aws").inputs["region"]
    expected = {principal.format(region=region) for principal in principals}
    if (set(statement.principals), frozenset(statement.actions)) != (expected, actions):
        violations.append(f"{statement}: lets {statement.principals} call {statement.actions}")
    if not any(values and all(account(plan) in value for value in values) for values in statement.conditions.values()):
        violations.append(f"{statement}: holds for any account")
    if "kms:CreateGrant" in statement.actions and statement.conditions.get("kms:GrantOperations") != ["Decrypt"]:
        violations.append(f"{statement}: grants more than Decrypt")
    return violations


def care(plan: Plan) -> list[str]:
    """Keys are rotated (those that sign cannot be), wait before they are deleted, and lie in one Region."""
    always = {"deletionWindowInDays": DELETION_DAYS}
    rotated = {**always, "enableKeyRotation": True}
    violations = [
        f"{key.urn}: {name} is {key.inputs.get(name)}, not {value}"
        for key in plan.of_type(KEY)
        for name, value in (always if key.inputs.get("keyUsage") == "SIGN_VERIFY" else rotated).items()
        if key.inputs.get(name) != value
    ]
    return violations + [
        f"{key.urn}: lies in several Regions" for key in plan.of_type(KEY) if key.inputs.get("multiRegion")
    ]


def uses(plan: Plan) -> list[str]:
    """A role uses the keys of the table, through one service, and names them by alias or by what they decrypt."""
    violations = []
    for statement in statements(plan):
        if statement.resource.type == KEY or not any(action.startswith("kms:") for action in statement.actions):
            continue
        if statement.place not in DIRECT and not _through_a_service(statement):
            violations.append(f"{statement}: may use keys without a service in between")
        if statement.place in BY_CONTEXT:
            if not all(_context(statement)):
                violations.append(f"{statement}: may decrypt whatever it is given")
            continue
        alias, actions = {**ROLES, **CLOSING_ROLES, **DIRECT}.get(statement.place, (None, frozenset()))
        aliases = statement.conditions.get("kms:ResourceAliases", [])
        if alias is None or aliases != [f"alias/{_prefix(plan)}/{alias}"]:
            violations.append(f"{statement}: may use the keys {aliases or 'of everybody'}")
        if frozenset(statement.actions) != actions:
            violations.append(f"{statement}: may {', '.join(statement.actions)}")
    return violations


def _through_a_service(statement: Statement) -> bool:
    """Whether `kms:ViaService` names one service, in the Region of the keys."""
    regions = {arn.split(":")[3] for arn in statement.resources}
    through = statement.content.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", "")
    return len(regions) == 1 and through.split(".")[1:] == [*regions, "amazonaws", "com"]


def _context(statement: Statement) -> list[bool]:
    named = statement.conditions.get("kms:EncryptionContext:SecretARN", [])
    return [bool(named), *("*" not in arn for arn in named)]


def _prefix(plan: Plan) -> str:
    """Name of the study and its environment, as the aliases carry it."""
    return str(_alias(plan).inputs["name"]).split("/")[1]


def _alias(plan: Plan) -> PlannedResource:
    return plan.resource("aws:kms/alias:Alias", name="keys-images-alias")
