"""Access: least privilege in IAM, no IAM users, and Lambda functions that are private and bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation
from hipaa.reading.documents import Statement, check_statements
from hipaa.reading.values import block_paths, number
from hipaa.rule import rule

INLINE_TYPES = (types.ROLE_POLICY, types.USER_POLICY, types.GROUP_POLICY)
DOCUMENT_TYPES = (types.POLICY, types.ROLE, *INLINE_TYPES)
"""Types that hold policy documents. Inline policies count too: a waiver may allow them although IAM-01 forbids them."""

ATTACHMENT_TYPES = (
    types.ROLE_POLICY_ATTACHMENT,
    types.USER_POLICY_ATTACHMENT,
    types.GROUP_POLICY_ATTACHMENT,
    types.POLICY_ATTACHMENT,
)
IAM_USER_TYPES = (
    types.USER,
    types.ACCESS_KEY,
    types.GROUP,
    types.USER_POLICY_ATTACHMENT,
    types.USER_GROUP_MEMBERSHIP,
    types.USER_LOGIN_PROFILE,
    types.GROUP_MEMBERSHIP,
)
ADMINISTRATOR_ACCESS = ":policy/AdministratorAccess"
ALL_ACTIONS = re.compile(r"(\*:)?\*+")
ALL_ACTIONS_OF_A_SERVICE = re.compile(r"([a-z0-9-]+:|\*:)?\*+", re.IGNORECASE)
DECRYPT_ACTIONS = ("kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo")
LIMITING_CONDITION_KEYS = ("kms:resourcealiases", "kms:requestalias", "kms:encryptioncontext:", "aws:resourcetag/")
ALL_KEYS = re.compile(r"\*+|arn:[^:]*:kms:[^:]*:[^:]*:(key/)?\*+", re.IGNORECASE)


@rule("IAM-01", types.ROLE, *INLINE_TYPES)
def has_no_inline_policy(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No role, user or group has an inline policy. An empty block is allowed: AWS removes all inline policies then."""
    if resource.type in INLINE_TYPES:
        yield Violation(message="it is an inline policy, which the list of managed policies does not show")
        return
    for path, inline in resource.elements("inlinePolicies"):
        if inline is UNKNOWN:
            yield Undecided(path=path)
        elif inline:
            yield Violation(
                message="the role has an inline policy, which the list of managed policies does not show", path=path
            )


@rule("IAM-02", *DOCUMENT_TYPES, *ATTACHMENT_TYPES)
def grants_no_admin_access(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No policy grants full access, and AdministratorAccess is not attached."""
    yield from _check_documents(resource, _find_admin_grant)
    yield from _check_attachments(resource)


@rule("IAM-03", *DOCUMENT_TYPES)
def grants_no_full_service(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No statement allows all actions of a service. Allow with NotAction does so for every service it does not name."""
    yield from _check_documents(resource, _find_full_service_grant)


@rule("IAM-04", *DOCUMENT_TYPES)
def grants_no_broad_decryption(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No statement allows decryption with every key: on all resources, or on all keys without a condition on their
    aliases, their tags or the encryption context.
    """
    yield from _check_documents(resource, _find_broad_decryption)


@rule("IAM-05", *IAM_USER_TYPES)
def has_no_iam_users(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """There are no IAM users, groups, or credentials of users."""
    kind = resource.type.rpartition(":")[2]
    yield Violation(message=f"{kind} gives people access outside of single sign-on, with long-lived credentials")


@rule("LAM-01", types.FUNCTION)
def has_reserved_concurrency(function: Resource, _settings: Settings) -> Iterator[Finding]:
    """A function has reserved concurrency; if absent or -1, it may use all of the account's."""
    yield from function.require(
        "reservedConcurrentExecutions",
        lambda value: (number(value) or 0) > 0,
        "no concurrency is reserved, so the function and others can throttle each other",
    )


@rule("LAM-02", types.FUNCTION)
def has_dead_letter_queue(function: Resource, _settings: Settings) -> Iterator[Finding]:
    """Events that a function fails to process are kept."""
    for path in block_paths(function, "deadLetterConfig"):
        yield from function.require_set(f"{path}.targetArn", "events that the function fails to process are lost")


@rule("LAM-03", types.FUNCTION)
def runs_in_vpc(function: Resource, _settings: Settings) -> Iterator[Finding]:
    """A function runs in subnets and security groups of a VPC; by default it runs outside."""
    for path in block_paths(function, "vpcConfig"):
        for name, what in (("subnetIds", "subnet"), ("securityGroupIds", "security group")):
            yield from function.require_set(f"{path}.{name}", f"the function has no {what} of a VPC")


@rule("LAM-04", types.PERMISSION, types.FUNCTION_URL)
def is_not_public(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """A function cannot be called by everyone, through a permission without a source or a URL without authorization."""
    if resource.type == types.FUNCTION_URL:
        yield from resource.require(
            "authorizationType", lambda value: value != "NONE", "anyone who knows the URL can call the function"
        )
        return
    limits = [resource.get(path) for path in ("sourceArn", "sourceAccount", "principalOrgId")]
    if all(value is ABSENT or value in ("", "*") for value in limits):
        yield from resource.require("principal", lambda value: value != "*", "anyone can call the function")


def _check_documents(resource: Resource, find_fault: Any) -> Iterator[Finding]:
    """Findings in the policy documents of a resource, wherever its type holds them."""
    if resource.type == types.ROLE:
        for path, inline in resource.elements("inlinePolicies"):
            yield from (
                [Undecided(path=path)]
                if inline is UNKNOWN
                else check_statements(resource, f"{path}.policy", find_fault)
            )
    elif resource.type in DOCUMENT_TYPES:
        yield from check_statements(resource, "policy", find_fault)


def _check_attachments(resource: Resource) -> Iterator[Finding]:
    """Attachments of AdministratorAccess. An unknown ARN belongs to a policy of the program, checked separately."""
    found = [("policyArn", resource.get("policyArn"))] if resource.type in ATTACHMENT_TYPES else []
    found += resource.elements("managedPolicyArns") if resource.type == types.ROLE else []
    for path, arn in found:
        if isinstance(arn, str) and arn.endswith(ADMINISTRATOR_ACCESS):
            yield Violation(message="AdministratorAccess allows everything", path=path)


def _find_admin_grant(statement: Statement) -> str | None:
    every = statement.allows and any(_matches(ALL_ACTIONS, action) for action in statement.actions)
    return "it allows every action on every resource" if every and statement.covers_every_resource else None


def _find_full_service_grant(statement: Statement) -> str | None:
    if not statement.allows:
        return None
    if statement.not_actions:
        return "NotAction allows every action of all other services"
    wildcards = [each for each in statement.actions if _matches(ALL_ACTIONS_OF_A_SERVICE, each)]
    return f"{', '.join(wildcards)} allows all actions of a service" if wildcards else None


def _find_broad_decryption(statement: Statement) -> str | None:
    if not any(statement.grants(action) for action in DECRYPT_ACTIONS):
        return None
    if statement.covers_every_resource or (
        not _limits_keys(statement) and any(_matches(ALL_KEYS, each) for each in statement.resources)
    ):
        return "it allows decryption with every key"
    return None


def _limits_keys(statement: Statement) -> bool:
    """Whether a condition limits the keys or the data. One that also holds if its key is missing does not count."""
    return any(
        condition.key.startswith(LIMITING_CONDITION_KEYS)
        and not re.search("not|ifexists|null|forallvalues", condition.operator)
        and not all(value == "*" for value in condition.values)
        for condition in statement.conditions
    )


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
