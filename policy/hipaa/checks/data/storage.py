"""Buckets: public access, ACLs, TLS and access logs."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation
from hipaa.reading.buckets import check_buckets, is_log_target
from hipaa.reading.documents import Statement, check_statements, statements
from hipaa.rule import rule

PUBLIC_ACCESS_SETTINGS = {
    "blockPublicAcls": "public ACLs can be set",
    "blockPublicPolicy": "a public policy can be set",
    "ignorePublicAcls": "public ACLs are effective",
    "restrictPublicBuckets": "a public policy is effective for everyone",
}

PUBLIC_GROUPS = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")

BucketFindings = Iterator[tuple[Resource, Finding]]


@rule("S3-01", types.BUCKET_PUBLIC_ACCESS_BLOCK, types.BUCKET)
def blocks_public_access(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has a public access block with all four settings on."""

    def check(block: Resource) -> Iterator[Finding]:
        for path, message in PUBLIC_ACCESS_SETTINGS.items():
            yield from block.require_true(path, message)

    return check_buckets(stack, types.BUCKET_PUBLIC_ACCESS_BLOCK, check, "it has no public access block")


@rule("S3-02", types.BUCKET, types.BUCKET_POLICY, types.BUCKET_ACL)
def grants_no_public_access(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No ACL, and no bucket policy that allows everyone. The ACL `private` is AWS's default and allowed.

    Without ACL and policy a bucket is private.
    """
    acl = resource.get("acl")
    if acl is UNKNOWN:
        yield Undecided(path="acl")
    elif acl not in (ABSENT, "", "private"):
        yield Violation(message=f"the canned ACL {acl} grants access to others", path="acl")
    for path, uri in _grantees(resource):
        if isinstance(uri, str) and uri.endswith(PUBLIC_GROUPS):
            yield Violation(message="an ACL grants public access", path=path)
    yield from check_statements(resource, "policy", _find_public_grant)


def _grantees(resource: Resource) -> Iterator[tuple[str, Any]]:
    for path, _ in resource.elements("grants"):
        yield f"{path}.uri", resource.get(f"{path}.uri")
    for path, _ in resource.elements("accessControlPolicy.grants"):
        yield f"{path}.grantee.uri", resource.get(f"{path}.grantee.uri")


def _find_public_grant(statement: Statement) -> str | None:
    return "it allows everyone" if statement.allows and statement.covers_everyone else None


@rule("S3-03", types.BUCKET_OWNERSHIP_CONTROLS, types.BUCKET)
def disables_acls(stack: Stack, _settings: Settings) -> BucketFindings:
    """ACLs are disabled for every bucket. Absent is a violation: buckets older than April 2023 have ACLs enabled."""

    def check(controls: Resource) -> Iterator[Finding]:
        path = next((path for path, _ in controls.elements("rule")), "rule")
        message = "ACLs are enabled: objectOwnership is not BucketOwnerEnforced"
        yield from controls.require(f"{path}.objectOwnership", lambda value: value == "BucketOwnerEnforced", message)

    return check_buckets(stack, types.BUCKET_OWNERSHIP_CONTROLS, check, "its ACLs are not disabled")


@rule("S3-06", types.BUCKET_POLICY, types.BUCKET)
def requires_tls(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has a policy that denies all requests without TLS, to the bucket and to its objects."""
    for bucket in stack.of([types.BUCKET]):

        def check(policy: Resource, bucket: Resource = bucket) -> Iterator[Finding]:
            try:
                known = statements(policy.get("policy"))
            except ValueError:
                yield Violation(message="the policy document cannot be read as JSON", path="policy")
                return
            if known is UNKNOWN:
                yield Undecided(path="policy")
            elif not any(_denies_plain_http(statement, bucket) for statement in known):
                yield Violation(message="no statement denies all requests without TLS", path="policy")

        yield from check_buckets(
            stack, types.BUCKET_POLICY, check, "it has no policy that denies requests without TLS", [bucket]
        )


def _denies_plain_http(statement: Statement, bucket: Resource) -> bool:
    """It must be the only condition: with a second one, which must also be met, the statement denies fewer requests."""
    conditions = [tuple(condition) for condition in statement.conditions]
    return (
        statement.denies
        and "*" in statement.principals
        and any(action in ("*", "s3:*") for action in statement.actions)
        and conditions in ([(operator, "aws:securetransport", ["false"])] for operator in ("bool", "boolifexists"))
        and _covers(statement.resources, bucket)
    )


def _covers(resources: list[Any], bucket: Resource) -> bool:
    """Whether the resources are the bucket and all its objects; an unknown one counts as the missing one."""
    if UNKNOWN in resources:
        return True
    # A bucket's ARN has neither Region nor account, and all ARNs in its policy have the same partition.
    patterns = [str(resource).rpartition(":::")[2] for resource in resources]
    name = bucket.get("bucket")
    if not isinstance(name, str):
        return any(f"{pattern}/*" in patterns for pattern in patterns) or "*" in patterns
    return all(any(fnmatchcase(target, pattern) for pattern in patterns) for target in (name, f"{name}/*"))


@rule("S3-07", types.BUCKET_LOGGING, types.BUCKET)
def has_access_logging(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has access logging, except the targets of access logs: logging to itself would never end."""

    def check(logging: Resource) -> Iterator[Finding]:
        return logging.require_set("targetBucket", "access logging has no target bucket")

    buckets = [bucket for bucket in stack.of([types.BUCKET]) if not is_log_target(stack, bucket)]
    return check_buckets(stack, types.BUCKET_LOGGING, check, "access to its objects is not logged", buckets)
