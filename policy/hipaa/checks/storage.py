"""Buckets: who may reach them, and how."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.buckets import holds_logs, settled
from hipaa.documents import Statement, statements, wrong
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation
from hipaa.rule import rule

BLOCKS = {
    "blockPublicAcls": "public ACLs may be set",
    "blockPublicPolicy": "a public policy may be set",
    "ignorePublicAcls": "public ACLs count",
    "restrictPublicBuckets": "a public policy counts for everybody",
}

PUBLIC_GROUPS = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")

BucketFindings = Iterator[tuple[Resource, Finding]]


@rule("S3-01", types.BUCKET_PUBLIC_ACCESS_BLOCK, types.BUCKET)
def public_access_blocked(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has a public access block with all four settings on."""

    def judge(block: Resource) -> Iterator[Finding]:
        for path, message in BLOCKS.items():
            yield from block.is_true(path, message)

    return settled(stack, types.BUCKET_PUBLIC_ACCESS_BLOCK, judge, "nothing blocks public access to it")


@rule("S3-02", types.BUCKET, types.BUCKET_POLICY, types.BUCKET_ACL)
def nothing_public(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No ACL, and no policy that allows anyone anything. An ACL of `private` is AWS's own: it counts as none.

    Absent ACLs and policies are AWS's default, which is private.
    """
    acl = resource.get("acl")
    if acl is UNKNOWN:
        yield Undecided(path="acl")
    elif acl not in (ABSENT, "", "private"):
        yield Violation(message=f"the canned ACL {acl} opens it to others", path="acl")
    for path, uri in _grantees(resource):
        if isinstance(uri, str) and uri.endswith(PUBLIC_GROUPS):
            yield Violation(message="an ACL grants rights to the public", path=path)
    yield from wrong(resource, "policy", _opens)


def _grantees(resource: Resource) -> Iterator[tuple[str, Any]]:
    for path, _ in resource.each("grants"):
        yield f"{path}.uri", resource.get(f"{path}.uri")
    for path, _ in resource.each("accessControlPolicy.grants"):
        yield f"{path}.grantee.uri", resource.get(f"{path}.grantee.uri")


def _opens(statement: Statement) -> str | None:
    return "it allows anyone" if statement.allows and statement.anyone else None


@rule("S3-03", types.BUCKET_OWNERSHIP_CONTROLS, types.BUCKET)
def acls_off(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has its ACLs switched off; absent is a violation, for buckets made before April 2023 have them."""

    def judge(controls: Resource) -> Iterator[Finding]:
        path = next((path for path, _ in controls.each("rule")), "rule")
        message = "ACLs are in force: ownership is not BucketOwnerEnforced"
        yield from controls.expect(f"{path}.objectOwnership", lambda value: value == "BucketOwnerEnforced", message)

    return settled(stack, types.BUCKET_OWNERSHIP_CONTROLS, judge, "nothing switches its ACLs off")


@rule("S3-06", types.BUCKET_POLICY, types.BUCKET)
def tls_only(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has a policy that refuses all requests without TLS, to the bucket and to its objects."""
    for bucket in stack.of([types.BUCKET]):

        def judge(policy: Resource, bucket: Resource = bucket) -> Iterator[Finding]:
            try:
                known = statements(policy.get("policy"))
            except ValueError:
                yield Violation(message="the policy document cannot be read as JSON", path="policy")
                return
            if known is UNKNOWN:
                yield Undecided(path="policy")
            elif not any(_refuses_plain_http(statement, bucket) for statement in known):
                yield Violation(message="no statement refuses every request without TLS", path="policy")

        yield from settled(stack, types.BUCKET_POLICY, judge, "no policy refuses requests without TLS", [bucket])


def _refuses_plain_http(statement: Statement, bucket: Resource) -> bool:
    """The condition must be alone: conditions of one statement hold together, so a second one lets requests through."""
    conditions = [tuple(condition) for condition in statement.conditions]
    return (
        statement.denies
        and "*" in statement.principals
        and any(action in ("*", "s3:*") for action in statement.actions)
        and conditions in ([(operator, "aws:securetransport", ["false"])] for operator in ("bool", "boolifexists"))
        and _covers(statement.resources, bucket)
    )


def _covers(resources: list[Any], bucket: Resource) -> bool:
    """Whether resources of a policy are the bucket and all its objects; an unknown one counts as what is missing."""
    if UNKNOWN in resources:
        return True
    # A bucket's ARN holds neither Region nor account, and the partition is the same for everything in its policy.
    patterns = [str(resource).rpartition(":::")[2] for resource in resources]
    name = bucket.get("bucket")
    if not isinstance(name, str):
        return any(f"{pattern}/*" in patterns for pattern in patterns) or "*" in patterns
    return all(any(fnmatchcase(target, pattern) for pattern in patterns) for target in (name, f"{name}/*"))


@rule("S3-07", types.BUCKET_LOGGING, types.BUCKET)
def access_logged(stack: Stack, _settings: Settings) -> BucketFindings:
    """Every bucket has its accesses logged, but for those that hold such logs: a log of itself never ends."""

    def judge(logging: Resource) -> Iterator[Finding]:
        return logging.is_set("targetBucket", "the log of accesses has no bucket to go to")

    buckets = [bucket for bucket in stack.of([types.BUCKET]) if not holds_logs(stack, bucket)]
    return settled(stack, types.BUCKET_LOGGING, judge, "no log tells who fetched its objects", buckets)
