"""Who may do what: every statement of every policy names its actions, its resources and whom it is for."""

from __future__ import annotations

import fnmatch
import json
from functools import cache
from pathlib import Path

import cfnlint

from ops.plan import Plan
from tests.unit.contracts.documents import Statement, statements

KEY = "aws:kms/key:Key"
ENDPOINTS = ("network-ecr-api", "network-ecr-dkr", "network-logs", "network-secretsmanager")

Exceptions = dict[tuple[str, str], str]

ANY_ACTION: Exceptions = {
    (name, "OwnAccountOnly"): "an endpoint only narrows: the caller's own policy still has to allow the call"
    for name in ENDPOINTS
}
ANY_RESOURCE: Exceptions = {
    **ANY_ACTION,
    ("app-start-policy", "RegistryToken"): "ecr:GetAuthorizationToken knows no resource",
    ("web-start-policy", "RegistryToken"): "ecr:GetAuthorizationToken knows no resource",
    ("closing-archiver-policy", "FollowExports"): "the lists of export tasks know no resource",
}
ANYBODY: Exceptions = {
    **{(name, "OwnAccountOnly"): "its condition admits this account's principals alone" for name in ENDPOINTS},
    ("network-s3", "OwnBuckets"): "its condition admits this account's principals and buckets alone",
    ("network-s3", "EcrLayers"): "ECR signs these requests as a principal of its own; the bucket is AWS's",
}
UNBOUND: Exceptions = {
    ("storage-access-logs-access", "LoadBalancerLogs"): "ELB names no source; the path carries the account",
    ("baseline-findings-delivery", "MakeStream"): "EventBridge names no source here; an empty stream is all there is",
    ("audit-writer-role", "Assume"): "CloudTrail does not support aws:SourceAccount here; iam:PassRole is the limit",
    (
        "replication-copier-role",
        "Assume",
    ): "S3 documents its replication role without a source; iam:PassRole is the limit",
    ("backup-operator-role", "Assume"): "AWS Backup documents its role without a source; iam:PassRole is the limit",
}
"""By name of the resource and Sid: the statements that break a rule, and why they have to."""

MANAGED = {
    "AmazonRDSEnhancedMonitoringRole": "writes to the one group of metrics that RDS owns",
    "AWS_ConfigRole": "reads the configuration of every resource, which is what Config is for",
    "AWSLambdaENIManagementAccess": "a function's network interfaces cannot be named before they exist",
    "AWSBackupServiceRolePolicyForBackup": "the calls of a backup change with AWS Backup",
    "AWSBackupServiceRolePolicyForRestores": "the calls of a restore change with AWS Backup",
}
"""AWS's own policies that a role may have, and why no policy of ours takes their place."""

BINDING = ("aws:SourceAccount", "aws:SourceArn", "sts:ExternalId", "aws:PrincipalAccount")
"""Conditions that bind a service to this account: the confused-deputy problem.

https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""


def account(plan: Plan) -> str:
    """The account for which the stack's AWS provider works."""
    return json.loads(plan.resource("pulumi:providers:aws").inputs["allowedAccountIds"])[0]


def broad_actions(plan: Plan) -> list[Statement]:
    """Statements that allow everything, or everything of a service; a key's administration is in `keys.policies`."""
    return [
        statement
        for statement in statements(plan)
        if statement.allows
        and statement.place[1] != "AccountAdministration"
        and any(action == "*" or action.endswith(":*") for action in statement.actions)
    ]


def broad_resources(plan: Plan) -> list[Statement]:
    """Statements that hold for every resource; in a key policy `*` is the key itself."""
    return [
        statement
        for statement in statements(plan)
        if statement.allows and statement.resource.type != KEY and "*" in statement.resources
    ]


def broad_principals(plan: Plan) -> list[Statement]:
    """Statements that allow something to anybody."""
    return [statement for statement in statements(plan) if statement.allows and "*" in statement.principals]


def unbound_services(plan: Plan) -> list[Statement]:
    """Statements that let an AWS service in on whosever behalf; those of keys are in `keys.policies`."""
    return [
        statement
        for statement in statements(plan)
        if statement.allows
        and statement.resource.type != KEY
        and any(principal.endswith(".amazonaws.com") for principal in statement.principals)
        and not is_bound(plan, statement)
    ]


def is_bound(plan: Plan, statement: Statement) -> bool:
    """Whether a condition holds the statement to this account."""
    return any(
        values and all(account(plan) in value for value in values)
        for key, values in statement.conditions.items()
        if key in BINDING
    )


def named_actions(plan: Plan) -> list[str]:
    """Every statement names the actions that it allows."""
    return _refused_actions(broad_actions(plan), ANY_ACTION, "allows every action")


def named_resources(plan: Plan) -> list[str]:
    """Every statement names the resources for which it holds."""
    return _refused_actions(broad_resources(plan), ANY_RESOURCE, "holds for every resource")


def named_principals(plan: Plan) -> list[str]:
    """Nothing is allowed to anybody or to another account; what an endpoint passes on is bound to this account."""
    unbound = [
        f"{statement}: is for anybody, and no condition says whose"
        for statement in broad_principals(plan)
        if not is_bound(plan, statement) and statement.place != ("network-s3", "EcrLayers")
    ]
    strangers = [
        f"{statement}: is for {principal}, who is not of this account"
        for statement in statements(plan)
        for principal in statement.principals
        if statement.allows and principal != "*" and not _own(plan, principal)
    ]
    return _refused_actions(broad_principals(plan), ANYBODY, "is for anybody") + unbound + strangers


def _own(plan: Plan, principal: str) -> bool:
    """Whether a principal is a service of AWS, or of this account."""
    return principal.endswith(".amazonaws.com") or account(plan) in principal


def bound_services(plan: Plan) -> list[str]:
    """A service acts for this account alone, in trust policies as well as in policies of resources."""
    return _refused_actions(unbound_services(plan), UNBOUND, "lets a service act for any account")


def _refused_actions(found: list[Statement], exceptions: Exceptions, what: str) -> list[str]:
    return [f"{statement}: {what}" for statement in found if statement.place not in exceptions]


def positive(plan: Plan) -> list[str]:
    """Statements say what they mean: a Sid, and no `Not…`, which would allow whatever AWS adds."""
    return [
        f"{statement}: {'has no Sid' if key == 'Sid' else f'says {key}'}"
        for statement in statements(plan)
        for key in ("Sid", "NotAction", "NotResource", "NotPrincipal")
        if (key in statement.content) == (key != "Sid")
    ]


def real_actions(plan: Plan) -> list[str]:
    """Every action, or at least one that a pattern matches, exists in AWS: a mistyped one allows nothing."""
    return [
        f"{statement}: {action} does not exist"
        for statement in statements(plan)
        for action in statement.actions
        if not _exists(action)
    ]


def _exists(action: str) -> bool:
    service, _, name = action.lower().partition(":")
    return action == "*" or any(fnmatch.fnmatchcase(known, name) for known in _known_actions().get(service, ()))


@cache
def _known_actions() -> dict[str, list[str]]:
    """Actions by service, as cfn-lint's release carries them."""
    text = (Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json").read_text(encoding="utf-8")
    return {service: list(known["Actions"]) for service, known in json.loads(text).items()}


def listed_policies(plan: Plan) -> list[str]:
    """Roles get policies of this stack or listed ones of AWS, attached: never inline, and never by a user or group."""
    violations = [
        f"{resource.urn}: has an inline policy"
        for resource in plan.resources
        if resource.type in {"aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy"}
        or resource.inputs.get("inlinePolicies")
        or (resource.type == "aws:iam/role:Role" and resource.inputs.get("managedPolicyArns"))
    ]
    for attachment in plan.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        arn = attachment.inputs["policyArn"]
        if not plan.references(arn) and arn.rpartition("/")[2] not in MANAGED:
            violations.append(f"{attachment.urn}: attaches {arn}")
    return violations
