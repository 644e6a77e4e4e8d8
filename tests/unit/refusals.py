"""Wrong settings and what is said about them: shared by the tests of values and of rules."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from ops.plan import configuration
from settings import Settings, SettingsError


class Removed:
    """Stands where a setting is left out."""

    def __repr__(self) -> str:
        return "removed"


REMOVED = Removed()


class Case(NamedTuple):
    """`changes` to the shipped prod settings, and what the one line about `key` has to say."""

    changes: Mapping[str, Any]
    key: str
    value: str
    rule: str
    remedy: str


def stack_settings(stack: str) -> dict[str, Any]:
    """Settings of a stack file by group, as plain values."""
    prefix = f"{Settings.NAMESPACE}:"
    return {key.removeprefix(prefix): value for key, value in configuration(stack).items() if key.startswith(prefix)}


def change_settings(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `values` with what stands at each path (`group/key/position`) replaced."""
    result = copy.deepcopy(dict(values))
    for path, value in changes.items():
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("/"))
        place: Any = result
        for part in parents:
            place = place[part]
        if value is REMOVED:
            del place[last]
        else:
            place[last] = value
    return result


def refusal(values: Mapping[str, Any], stack: str = "prod", **options: Any) -> str:
    """The message with which `values` are refused."""
    with pytest.raises(SettingsError) as caught:
        Settings.parse(values, stack=stack, **options)
    return str(caught.value)


def assert_refused(case: Case) -> None:
    """One line, about the one wrong setting, that says file, key, value, rule and remedy."""
    message = refusal(change_settings(stack_settings("prod"), case.changes))
    head, *lines = message.splitlines()
    start = f"  Pulumi.prod.yaml: image-store:{case.key} = "
    assert "stack prod" in head
    assert [line.startswith(start) for line in lines] == [True], f"one line about {case.key}, not: {message}"
    told = lines[0].removeprefix(start)
    for part in (case.value, case.rule, case.remedy):
        assert part in told, f"{part!r} is missing in: {lines[0]}"
