"""Who may do what: IAM grants named actions on named resources, to roles alone; functions are nobody else's to call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.documents import Statement, wrong
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation
from hipaa.rule import rule
from hipaa.values import blocks, number

INLINE = (types.ROLE_POLICY, types.USER_POLICY, types.GROUP_POLICY)
DOCUMENTS = (types.POLICY, types.ROLE, *INLINE)
"""Where rights are written: policies, also inline ones, which IAM-01 forbids but a waiver may allow."""

ATTACHMENTS = (
    types.ROLE_POLICY_ATTACHMENT,
    types.USER_POLICY_ATTACHMENT,
    types.GROUP_POLICY_ATTACHMENT,
    types.POLICY_ATTACHMENT,
)
PEOPLE = (
    types.USER,
    types.ACCESS_KEY,
    types.GROUP,
    types.USER_POLICY_ATTACHMENT,
    types.USER_GROUP_MEMBERSHIP,
    types.USER_LOGIN_PROFILE,
    types.GROUP_MEMBERSHIP,
)
ADMINISTRATOR = ":policy/AdministratorAccess"
EVERY_ACTION = re.compile(r"(\*:)?\*+")
EVERY_ACTION_OF_A_SERVICE = re.compile(r"([a-z0-9-]+:|\*:)?\*+", re.IGNORECASE)
DECRYPTING = ("kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo")
NARROWING = ("kms:resourcealiases", "kms:requestalias", "kms:encryptioncontext:", "aws:resourcetag/")
EVERY_KEY = re.compile(r"\*+|arn:[^:]*:kms:[^:]*:[^:]*:(key/)?\*+", re.IGNORECASE)


@rule("IAM-01", types.ROLE, *INLINE)
def no_inline_policies(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No policy is written into a role, user or group. An empty block is none: it makes AWS remove all of them."""
    if resource.type in INLINE:
        yield Violation(message="this is a policy inside an identity, which no list of policies shows")
        return
    for path, inline in resource.each("inlinePolicies"):
        if inline is UNKNOWN:
            yield Undecided(path=path)
        elif inline:
            yield Violation(message="a policy is written into the role, where no list of policies shows it", path=path)


@rule("IAM-02", *DOCUMENTS, *ATTACHMENTS)
def no_administrators(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """Nobody may do everything, by a policy of the program or by AdministratorAccess."""
    yield from _statements(resource, _administrates)
    yield from _attached(resource)


@rule("IAM-03", *DOCUMENTS)
def no_whole_services(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No right to all actions of a service; an Allow with NotAction gives just that, of every service it leaves out."""
    yield from _statements(resource, _grants_whole_services)


@rule("IAM-04", *DOCUMENTS)
def no_decryption_with_any_key(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No right to decrypt with every key: not on all resources, nor on all keys unless a condition names their
    aliases or tags, or what they encrypt.
    """
    yield from _statements(resource, _decrypts_with_any_key)


@rule("IAM-05", *PEOPLE)
def no_people_in_iam(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """IAM holds no people: none of the types for users, groups and their credentials."""
    kind = resource.type.rpartition(":")[2]
    yield Violation(message=f"{kind} gives people a way in beside the central sign-in, with credentials that stay")


@rule("LAM-01", types.FUNCTION)
def bounded_concurrency(function: Resource, _settings: Settings) -> Iterator[Finding]:
    """A function has a share of its own of the account's concurrency; absent and -1 mean it may take all there is."""
    yield from function.expect(
        "reservedConcurrentExecutions",
        lambda value: (number(value) or 0) > 0,
        "no concurrency is reserved, so the function can starve others and be starved by them",
    )


@rule("LAM-02", types.FUNCTION)
def dead_letters(function: Resource, _settings: Settings) -> Iterator[Finding]:
    """What a function could not work on is kept."""
    for path in blocks(function, "deadLetterConfig"):
        yield from function.is_set(f"{path}.targetArn", "events that the function fails on are lost")


@rule("LAM-03", types.FUNCTION)
def inside_the_network(function: Resource, _settings: Settings) -> Iterator[Finding]:
    """A function runs in subnets and security groups of a VPC; absent is outside of every VPC."""
    for path in blocks(function, "vpcConfig"):
        for name, what in (("subnetIds", "subnet"), ("securityGroupIds", "security group")):
            yield from function.is_set(f"{path}.{name}", f"the function runs in no {what} of a VPC")


@rule("LAM-04", types.PERMISSION, types.FUNCTION_URL)
def callers_are_known(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """Not everybody may call a function, by a permission without a source or by a URL without authorization."""
    if resource.type == types.FUNCTION_URL:
        yield from resource.expect(
            "authorizationType", lambda value: value != "NONE", "anybody who knows the URL can call the function"
        )
        return
    narrowed = [resource.get(path) for path in ("sourceArn", "sourceAccount", "principalOrgId")]
    if all(value is ABSENT or value in ("", "*") for value in narrowed):
        yield from resource.expect("principal", lambda value: value != "*", "everybody may call the function")


def _statements(resource: Resource, says: Any) -> Iterator[Finding]:
    """What is wrong in the documents of a resource, wherever its type has them."""
    if resource.type == types.ROLE:
        for path, inline in resource.each("inlinePolicies"):
            yield from [Undecided(path=path)] if inline is UNKNOWN else wrong(resource, f"{path}.policy", says)
    elif resource.type in DOCUMENTS:
        yield from wrong(resource, "policy", says)


def _attached(resource: Resource) -> Iterator[Finding]:
    """AdministratorAccess among the policies that a resource attaches. An ARN that is not known yet belongs to a policy
    of the program, which is looked at itself.
    """
    found = [("policyArn", resource.get("policyArn"))] if resource.type in ATTACHMENTS else []
    found += resource.each("managedPolicyArns") if resource.type == types.ROLE else []
    for path, arn in found:
        if isinstance(arn, str) and arn.endswith(ADMINISTRATOR):
            yield Violation(message="AdministratorAccess allows everything", path=path)


def _administrates(statement: Statement) -> str | None:
    every = statement.allows and any(_matches(EVERY_ACTION, action) for action in statement.actions)
    return "it allows every action on every resource" if every and statement.everywhere else None


def _grants_whole_services(statement: Statement) -> str | None:
    if not statement.allows:
        return None
    if statement.not_actions:
        return "NotAction allows every action of all other services"
    whole = [each for each in statement.actions if _matches(EVERY_ACTION_OF_A_SERVICE, each)]
    return f"{', '.join(whole)} allows every action, also those that nobody needs" if whole else None


def _decrypts_with_any_key(statement: Statement) -> str | None:
    if not any(statement.grants(action) for action in DECRYPTING):
        return None
    if statement.everywhere or (
        not _narrowed(statement) and any(_matches(EVERY_KEY, each) for each in statement.resources)
    ):
        return "it allows decryption with every key"
    return None


def _narrowed(statement: Statement) -> bool:
    """Whether a condition says which keys, or which data; not one that also holds where the key of it is missing."""
    return any(
        condition.key.startswith(NARROWING)
        and not re.search("not|ifexists|null|forallvalues", condition.operator)
        and not all(value == "*" for value in condition.values)
        for condition in statement.conditions
    )


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
