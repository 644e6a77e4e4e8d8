"""IAM and resource policy documents as plain JSON: known at preview, readable in a diff, checkable by a policy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Statement = dict[str, Any]


def document(*statements: Statement) -> str:
    """A policy document of `statements`, serialized deterministically."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    conditions: dict[str, Any] | None = None,
    principal: dict[str, Any] | None = None,
) -> Statement:
    """An Allow statement; `principal` makes it one of a resource policy."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if principal is not None:
        statement["Principal"] = principal
    if conditions is not None:
        statement["Condition"] = conditions
    return statement


def trust(service: str, account: str, *, source: str | None = None, conditions: dict[str, Any] | None = None) -> str:
    """Trust policy for one AWS service acting for this account alone (and for `source`, an ARN pattern, if given).

    The conditions close the confused-deputy hole: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    checks: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": account}}
    if source is not None:
        checks["ArnLike"] = {"aws:SourceArn": source}
    return document({**_assume(service), "Condition": checks if conditions is None else conditions})


def trust_any_source(service: str) -> str:
    """Trust policy for an AWS service that does not set `aws:SourceAccount` when it assumes a role.

    A condition on it would make the service fail. `iam:PassRole` alone keeps other accounts from using the role: only
    principals of its own account can pass it. Cite the service's documentation beside each use.
    """
    return document(_assume(service))


def _assume(service: str) -> Statement:
    return {"Sid": "Assume", "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}


def _deny_all(sid: str, bucket_arn: str, conditions: dict[str, Any]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": conditions,
    }


def tls_only(bucket_arn: str) -> tuple[Statement, Statement]:
    """Refuses every request that is plain HTTP, and every one below TLS 1.2 (conditions of one statement are ANDed)."""
    return (
        _deny_all("RefusePlainHttp", bucket_arn, {"Bool": {"aws:SecureTransport": "false"}}),
        _deny_all("RefuseOldTls", bucket_arn, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    )


def as_list(value: Any) -> list[Any]:
    """The values of a document's field as a list: IAM accepts a single value without one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
