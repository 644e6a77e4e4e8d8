"""Entry point: the four steps of a rotation, and `prepare`, which the deployment calls before Orthanc's first task.

Every step may be repeated, and may be killed and repeated. The user and the password are two secrets; a rotation writes
both under the same version, so that a step that comes back finds what it had decided.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-lambda-functions.html
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from . import roles
from .roles import LoginRefusedError, Server
from .versions import Versions

PASSWORD_BYTES = 30  # 40 characters in base64url


@dataclass(frozen=True, kw_only=True)
class Store:
    """Everything a step works on."""

    server: Server
    master: Versions
    user: Versions
    password: Versions

    def as_master(self) -> Any:
        """A connection as the cluster's master, whose secret RDS keeps and rotates."""
        held = json.loads(self.master.current())
        return self.server.login(held["username"], held["password"])

    def lets_in(self, user: str, password: str) -> bool:
        """Whether `user` can log in with `password`."""
        try:
            with self.server.login(user, password):
                return True
        except LoginRefusedError:
            return False


def store(environment: Mapping[str, str], client: Any) -> Store:
    """What the function's environment describes; KeyError names the variable that is missing."""
    server = Server(
        host=environment["DATABASE_HOST"],
        port=int(environment["DATABASE_PORT"]),
        database=environment["DATABASE_NAME"],
        authorities=str(Path(__file__).parent / environment["DATABASE_CA"]),
    )
    held = {name: Versions(client=client, arn=environment[f"{name.upper()}_SECRET_ARN"]) for name in ("master", "user")}
    password = Versions(client=client, arn=environment["PASSWORD_SECRET_ARN"])
    return Store(server=server, password=password, **held)


def repair(held: Store) -> None:
    """Makes a pair again of what was left between the last two moves: the password follows the user."""
    version, holder = held.user.current_version(), held.password.current_version()
    if version != holder and held.password.holds(version):
        held.password.promote(version, holder=holder)


def prepare(held: Store) -> None:
    """Roles and ownership; the current user gets the current password, unless it has it already."""
    repair(held)
    user, password = held.user.current(), held.password.current()
    roles.other(user)
    with held.as_master() as master:
        roles.prepare(master)
        if not held.lets_in(user, password):
            roles.set_password(master, user, password)


def create(held: Store, token: str) -> None:
    """Decides: the other user, and a new password."""
    repair(held)
    if not held.user.holds(token):
        held.user.propose(token, roles.other(held.user.current()))
    if not held.password.holds(token):
        held.password.propose(token, secrets.token_urlsafe(PASSWORD_BYTES))


def set_pending(held: Store, token: str) -> None:
    """Gives the pending user the pending password."""
    user, password = held.user.value(token), held.password.value(token)
    if held.lets_in(user, password):
        return
    # Somebody moved the user by hand: its password is what running tasks log in with.
    if user == held.user.current():
        raise LoginRefusedError(f"{user} is in use and refused: run the function's action prepare")
    with held.as_master() as master:
        roles.set_password(master, user, password)


def test(held: Store, token: str) -> None:
    """Logs in as the pending user and tries what Orthanc does.

    When rotation is set up without rotating, Secrets Manager tries this step with a copy of the password in use.
    """
    user = held.user.value(token) if held.user.holds(token) else held.user.current()
    with held.server.login(user, held.password.value(token)) as session:
        roles.check(session)


def finish(held: Store, token: str) -> None:
    """Makes the pending pair the current one. Who reads between the two moves is refused, and reads again.

    Both are looked up first, so that nothing but the second move itself lies in between. The user moves first: a
    password that has moved looks to Secrets Manager like a rotation that is done.
    """
    user, password = held.user.current_version(), held.password.current_version()
    held.user.promote(token, holder=user)
    held.password.promote(token, holder=password)


def done(held: Store, token: str) -> bool:
    """Whether the version `token` is in use, together with its user if it has one."""
    return held.password.is_current(token) and (held.user.is_current(token) or not held.user.holds(token))


STEPS: dict[str, Callable[[Store, str], None]] = {
    "createSecret": create,
    "setSecret": set_pending,
    "testSecret": test,
    "finishSecret": finish,
}


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Runs `{"action": "prepare"}` or one step of a rotation; ValueError for anything else."""
    held = store(os.environ, boto3.client("secretsmanager"))
    if dict(event) == {"action": "prepare"}:
        prepare(held)
        return _told("prepare", held)
    step, arn, token = (event.get(key, "") for key in ("Step", "SecretId", "ClientRequestToken"))
    if step not in STEPS:
        raise ValueError(f"unknown event: expected action prepare, or one of the steps {', '.join(STEPS)}")
    if arn != held.password.arn:
        raise ValueError(f"this function rotates {held.password.arn}, not {arn}")
    held.password.demand(token)
    # Secrets Manager repeats a step whose answer it has lost, up to one that has nothing left to do.
    if not done(held, token):
        STEPS[step](held, token)
    return _told(step, held)


def _told(step: str, held: Store) -> dict[str, str]:
    answer = {"step": step, "user": held.user.current()}
    print(json.dumps({**answer, "secret": held.password.arn}))  # noqa: T201  Lambda's log is its standard output
    return answer
