"""Policy documents: valid JSON, valid statements, and each service's size limit."""

from __future__ import annotations

import json
from typing import Any

from awsmodel.properties import UNKNOWN
from rehearsal.cloud.validation import Failure, Failures

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and the services' own pages
SIZES = {
    "aws:iam/role:Role": ("assumeRolePolicy", 2048),
    "aws:iam/policy:Policy": ("policy", 6144),
    "aws:kms/key:Key": ("policy", 32768),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy", 20480),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy", 20480),
    "aws:sns/topicPolicy:TopicPolicy": ("policy", 30720),
}
KEYS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
IDENTITY_TYPES = {"aws:iam/policy:Policy"}


def check_policy(token: str, inputs: dict[str, Any]) -> Failures:
    """A document that its service would reject as malformed or too large."""
    if token not in SIZES:
        return
    name, limit = SIZES[token]
    text = inputs.get(name)
    if text is None or text is UNKNOWN:
        return
    try:
        content = json.loads(text)
    except ValueError as error:
        yield Failure(name, f"MalformedPolicyDocument: it is not JSON ({error})")
        return
    size = len(json.dumps(content, separators=(",", ":")))
    if size > limit:
        yield Failure(name, f"LimitExceeded: the document has {size} characters, the service allows {limit}")
    for position, statement in enumerate(_statements(content)):
        yield from _check_statement(f"{name}.Statement[{position}]", statement, identity=token in IDENTITY_TYPES)


def _statements(content: Any) -> list[Any]:
    found = content.get("Statement", []) if isinstance(content, dict) else []
    return found if isinstance(found, list) else [found]


def _check_statement(path: str, statement: Any, *, identity: bool) -> Failures:
    if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
        yield Failure(path, "MalformedPolicyDocument: a statement needs an Effect of Allow or Deny")
        return
    for key in statement.keys() - KEYS:
        yield Failure(f"{path}.{key}", "MalformedPolicyDocument: there is no such element in a statement")
    if not statement.keys() & {"Action", "NotAction"}:
        yield Failure(path, "MalformedPolicyDocument: a statement needs an Action")
    if identity and "Principal" in statement:
        yield Failure(path, "MalformedPolicyDocument: a role's policy must not have a Principal")
    if identity and not statement.keys() & {"Resource", "NotResource"}:
        yield Failure(path, "MalformedPolicyDocument: a role's policy needs a Resource")
