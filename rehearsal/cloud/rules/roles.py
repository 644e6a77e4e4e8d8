"""Roles that a service tries to assume at creation: their trust policy must allow the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from awsmodel.properties import values_at
from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud

ROLE = "aws:iam/role:Role"
Statement = dict[str, Any]


def check_trust(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """Each role in the inputs can be assumed by the service that gets it."""
    for path, rule in behaviours()["trusts"].get(token, {}).items():
        for arn in values_at(inputs, path):
            role = cloud.find(arn, ROLE)
            if role is None:  # it exists outside the stack
                continue
            if not any(_allows(one, rule) for one in _statements(role.outputs["assumeRolePolicy"])):
                raise AwsError(rule["code"], path, rule["message"])


def _statements(policy: str) -> Iterator[Statement]:
    found = json.loads(policy)["Statement"]
    yield from found if isinstance(found, list) else [found]


def _allows(statement: Statement, rule: dict[str, Any]) -> bool:
    """Whether the service may assume the role; a condition on a key that it does not send is never met."""
    principal = statement.get("Principal", {})
    services = _as_list(principal.get("Service", [])) if isinstance(principal, dict) else []
    keys = {key.lower() for tests in statement.get("Condition", {}).values() for key in tests}
    sent = {key.lower() for key in rule.get("sends", keys)}
    return (
        statement["Effect"] == "Allow"
        and "sts:AssumeRole" in _as_list(statement.get("Action", []))
        and rule["service"] in services
        and keys <= sent
    )


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
