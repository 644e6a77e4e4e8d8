"""The rotation function is killed before each of its calls to Secrets Manager and to a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient
from pg8000.exceptions import DatabaseError

from functions import database
from functions.rotation import roles
from tests.dataplane.rotations import STEPS, Rotation, reset_database


class Killed(BaseException):
    """Simulates the end of the function's process."""


READS = ("GetSecretValue", "DescribeSecret", "SELECT", "\nSELECT")


def kill_before(nth: int, patched: pytest.MonkeyPatch, *, changes: bool = False) -> list[str]:
    """Ends the process instead of its n-th call; returns a list that fills with the calls made.

    With `changes`, read-only calls are not counted: killing the process there leaves the state of the last change.
    """
    calls: list[str] = []

    def watch(target: Any, name: str) -> None:
        real = getattr(target, name)

        def call(*arguments: Any, **named: Any) -> Any:
            what = str(arguments[1])
            if not (changes and (name == "login" or what.startswith(READS))):
                calls.append(f"{name}({what})")
                if len(calls) == nth:
                    raise Killed
            return real(*arguments, **named)

        patched.setattr(target, name, call)

    watch(BaseClient, "_make_api_call")
    watch(database.Server, "login")
    watch(roles.Connection, "run")
    return calls


def can_log_in(rotation: Rotation, credentials: tuple[str, str] | None = None) -> bool:
    try:
        rotation.login(credentials).close()
    except DatabaseError:
        return False
    return True


def is_between_changes(rotation: Rotation, token: str) -> bool:
    holds = {name: "AWSCURRENT" in rotation.stages(name).get(token, []) for name in ("user", "password")}
    return holds["user"] and not holds["password"]


def kill_rotation(
    rotation: Rotation, token: str, nth: int, monkeypatch: pytest.MonkeyPatch, *, changes: bool = False
) -> list[str] | None:
    """The calls of a rotation that was killed before its n-th call; None if it has fewer calls."""
    with monkeypatch.context() as patched:
        calls = kill_before(nth, patched, changes=changes)
        try:
            for step in STEPS:
                rotation.step(step, token)
        except Killed:
            return calls
    return None


def test_a_rotation_killed_before_any_of_its_calls_is_completed(prepared: Rotation, monkeypatch: pytest.MonkeyPatch):
    refused, nth = [], 1
    old, token = prepared.credentials(), prepared.begin()
    while calls := kill_rotation(prepared, token, nth, monkeypatch):
        where = f"killed before call {nth}: {calls[-1]}"
        if not can_log_in(prepared):
            assert is_between_changes(prepared, token), where
            refused.append(calls[-1])
        for step in STEPS:
            prepared.step(step, token)
        assert prepared.credentials()[0] != old[0], where
        assert can_log_in(prepared), where
        assert can_log_in(prepared, old), where
        assert all("AWSCURRENT" in prepared.stages(name)[token] for name in ("user", "password")), where
        old, token, nth = prepared.credentials(), prepared.begin(), nth + 1
    assert nth > 30, "a rotation makes more calls than were counted"
    assert refused == ["_make_api_call(UpdateSecretVersionStage)"], "a log-in is refused only between the two changes"


def test_a_rotation_abandoned_after_any_of_its_changes_is_followed_by_another(
    prepared: Rotation, monkeypatch: pytest.MonkeyPatch
):
    nth, token = 1, prepared.begin()
    while calls := kill_rotation(prepared, token, nth, monkeypatch, changes=True):
        prepared.abandon()
        token = prepared.begin()
        for step in STEPS:
            prepared.step(step, token)
        assert can_log_in(prepared), f"abandoned before {calls[-1]}"
        token, nth = prepared.begin(), nth + 1
    assert nth > 8, "a rotation makes more changes than were counted"


@pytest.mark.parametrize("before", [0, 1], ids=["first rotation", "later rotation"])
@pytest.mark.parametrize("steps", [STEPS, STEPS[3:]], ids=["all steps", "the last step"])
def test_a_password_changed_without_its_user_is_completed(steps: tuple[str, ...], before: int, prepared: Rotation):
    for _ in range(before):
        prepared.rotate()
    old, token = prepared.credentials(), prepared.begin()
    for step in STEPS[:3]:
        prepared.step(step, token)
    prepared.promote("password", token)
    assert not can_log_in(prepared)
    for step in steps:
        prepared.step(step, token)
    assert prepared.credentials()[0] != old[0]
    assert can_log_in(prepared)
    assert can_log_in(prepared, old)


@pytest.mark.parametrize("before", [0, 1], ids=["first rotation", "later rotation"])
@pytest.mark.parametrize("changed", ["user", "password"])
def test_preparing_completes_a_change_of_user_or_password_alone(changed: str, before: int, prepared: Rotation):
    for _ in range(before):
        prepared.rotate()
    token = prepared.begin()
    for step in STEPS[:3]:
        prepared.step(step, token)
    prepared.promote(changed, token)
    assert not can_log_in(prepared)
    prepared.prepare()
    assert can_log_in(prepared)
    prepared.abandon()
    prepared.rotate()
    assert can_log_in(prepared)


def test_a_preparation_killed_before_any_of_its_statements_is_completed(
    rotation: Rotation, monkeypatch: pytest.MonkeyPatch
):
    nth, killed = 1, True
    while killed:
        reset_database(rotation.server)
        with monkeypatch.context() as patched:
            calls = kill_before(nth, patched, changes=True)
            try:
                rotation.prepare()
                killed = False
            except Killed:
                pass
        rotation.prepare()
        assert can_log_in(rotation), f"killed before {calls[-1]}"
        nth += 1
    assert nth > 15, "a preparation makes more statements than were counted"


def test_preparing_between_any_two_steps_does_not_affect_the_rotation(prepared: Rotation):
    for _ in range(2):
        old, token = prepared.credentials(), prepared.begin()
        for step in STEPS:
            prepared.step(step, token)
            prepared.prepare()
            assert can_log_in(prepared), f"prepared after {step}"
            assert can_log_in(prepared, old), f"prepared after {step}"
        assert prepared.credentials()[0] != old[0]
