"""What the pipeline's policies allow: a small evaluation of IAM for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from ops.deploy.bootstrap.target import Target, load_target
from tests.ops.accounts import REPOSITORY


def dev() -> Target:
    return load_target("dev", REPOSITORY)


def is_allowed(policies: Iterable[str], action: str, resource: str, **context: list[str]) -> bool:
    """Whether any statement allows `action` on `resource`. `context`: condition keys, with `__` for `:`, and their values."""
    values = {key.replace("__", ":"): found for key, found in context.items()}
    return any(
        each["Effect"] == "Allow"
        and allowed_actions([each], action)
        and any(fnmatchcase(resource, pattern) for pattern in each["Resource"])
        and all(
            _holds(operator, values.get(key), wanted)
            for operator, tests in each.get("Condition", {}).items()
            for key, wanted in tests.items()
        )
        for text in policies
        for each in json.loads(text)["Statement"]
    )


def _holds(operator: str, found: list[str] | None, wanted: Any) -> bool:
    if operator == "Null":
        return (found is None) == (wanted == "true")
    patterns = wanted if isinstance(wanted, list) else [wanted]
    return any(fnmatchcase(value, pattern) for value in found or () for pattern in patterns)


def allowed_actions(policies: list[dict[str, Any]], action: str) -> bool:
    return any(
        each["Effect"] == "Allow" and any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _actions(each))
        for each in policies
    )


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions
