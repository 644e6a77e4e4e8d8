"""The rotation function, killed before each of its calls in turn: to Secrets Manager, and to a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient
from pg8000.exceptions import DatabaseError

from dataplane.rotated import STEPS, Store, empty
from functions import database
from functions.rotation import roles


class Killed(BaseException):
    """The function's process ends here."""


READS = ("GetSecretValue", "DescribeSecret", "SELECT", "\nSELECT")


def kill_before(nth: int, patched: pytest.MonkeyPatch, *, changes: bool = False) -> list[str]:
    """Ends the process in place of its n-th call; the list fills with the calls up to there.

    With `changes` calls that only read are not counted: a process killed there leaves what the change before it left.
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


def lets_in(store: Store, pair: tuple[str, str] | None = None) -> bool:
    try:
        store.login(pair).close()
    except DatabaseError:
        return False
    return True


def between_the_moves(store: Store, token: str) -> bool:
    holds = {name: "AWSCURRENT" in store.stages(name).get(token, []) for name in ("user", "password")}
    return holds["user"] and not holds["password"]


def killed_once(
    store: Store, token: str, nth: int, monkeypatch: pytest.MonkeyPatch, *, changes: bool = False
) -> list[str] | None:
    """The calls of a rotation that was killed before its n-th; None if it has not so many."""
    with monkeypatch.context() as patched:
        calls = kill_before(nth, patched, changes=changes)
        try:
            for step in STEPS:
                store.step(step, token)
        except Killed:
            return calls
    return None


def test_a_rotation_killed_before_any_of_its_calls_is_completed(ready: Store, monkeypatch: pytest.MonkeyPatch):
    refused, nth = [], 1
    old, token = ready.pair(), ready.announce()
    while calls := killed_once(ready, token, nth, monkeypatch):
        where = f"killed before call {nth}: {calls[-1]}"
        if not lets_in(ready):
            assert between_the_moves(ready, token), where
            refused.append(calls[-1])
        for step in STEPS:
            ready.step(step, token)
        assert ready.pair()[0] != old[0], where
        assert lets_in(ready), where
        assert lets_in(ready, old), where
        assert all("AWSCURRENT" in ready.stages(name)[token] for name in ("user", "password")), where
        old, token, nth = ready.pair(), ready.announce(), nth + 1
    assert nth > 30, "a rotation makes more calls than were seen"
    assert refused == ["_make_api_call(UpdateSecretVersionStage)"], "a reader is refused between the two moves alone"


def test_a_rotation_given_up_after_any_of_its_changes_is_followed_by_another(
    ready: Store, monkeypatch: pytest.MonkeyPatch
):
    nth, token = 1, ready.announce()
    while calls := killed_once(ready, token, nth, monkeypatch, changes=True):
        ready.give_up()
        token = ready.announce()
        for step in STEPS:
            ready.step(step, token)
        assert lets_in(ready), f"given up before {calls[-1]}"
        token, nth = ready.announce(), nth + 1
    assert nth > 8, "a rotation changes more than was seen"


@pytest.mark.parametrize("before", [0, 1], ids=["first rotation", "later rotation"])
@pytest.mark.parametrize("steps", [STEPS, STEPS[3:]], ids=["all steps", "the last step"])
def test_a_password_that_was_moved_alone_gets_its_user(steps: tuple[str, ...], before: int, ready: Store):
    for _ in range(before):
        ready.rotate()
    old, token = ready.pair(), ready.announce()
    for step in STEPS[:3]:
        ready.step(step, token)
    ready.move("password", token)
    assert not lets_in(ready)
    for step in steps:
        ready.step(step, token)
    assert ready.pair()[0] != old[0]
    assert lets_in(ready)
    assert lets_in(ready, old)


@pytest.mark.parametrize("before", [0, 1], ids=["first rotation", "later rotation"])
@pytest.mark.parametrize("moved", ["user", "password"])
def test_preparing_makes_a_pair_of_what_was_moved_alone(moved: str, before: int, ready: Store):
    for _ in range(before):
        ready.rotate()
    token = ready.announce()
    for step in STEPS[:3]:
        ready.step(step, token)
    ready.move(moved, token)
    assert not lets_in(ready)
    ready.prepare()
    assert lets_in(ready)
    ready.give_up()
    ready.rotate()
    assert lets_in(ready)


def test_a_preparation_killed_before_any_of_its_statements_is_completed(store: Store, monkeypatch: pytest.MonkeyPatch):
    nth, killed = 1, True
    while killed:
        empty(store.server)
        with monkeypatch.context() as patched:
            calls = kill_before(nth, patched, changes=True)
            try:
                store.prepare()
                killed = False
            except Killed:
                pass
        store.prepare()
        assert lets_in(store), f"killed before {calls[-1]}"
        nth += 1
    assert nth > 15, "a preparation makes more statements than were seen"


def test_preparing_between_any_two_steps_disturbs_nothing(ready: Store):
    for _ in range(2):
        old, token = ready.pair(), ready.announce()
        for step in STEPS:
            ready.step(step, token)
            ready.prepare()
            assert lets_in(ready), f"prepared after {step}"
            assert lets_in(ready, old), f"prepared after {step}"
        assert ready.pair()[0] != old[0]
