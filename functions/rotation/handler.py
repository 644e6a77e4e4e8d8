"""Entry point: the four steps of a rotation, and `prepare`, which the deployment calls before Orthanc's first task.

Every step is idempotent, even after it was killed halfway. The user and the password are two secrets; a rotation writes
both under the same version, so that a repeated step finds the values it chose before.
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

from functions.database import LoginRefusedError, Server

from . import roles
from .versions import Versions

APPLICATION = "image-store-rotation"
PASSWORD_BYTES = 30  # 40 characters in base64url


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The database and the three secrets that a step works on."""

    server: Server
    master: Versions
    user: Versions
    password: Versions

    def as_master(self) -> Any:
        """A connection as the cluster's master user, whose secret RDS keeps and rotates."""
        secret = json.loads(self.master.current())
        return self.server.login(secret["username"], secret["password"])

    def can_log_in(self, user: str, password: str) -> bool:
        """Whether `user` can log in with `password`."""
        try:
            with self.server.login(user, password):
                return True
        except LoginRefusedError:
            return False


def rotation_from(environment: Mapping[str, str], client: Any) -> Rotation:
    """Server and secrets that the function's environment names; KeyError names the variable that is missing."""
    server = Server.from_environment(environment, folder=Path(__file__).parent, application_name=APPLICATION)
    master, user, password = (
        Versions(client=client, arn=environment[f"{name}_SECRET_ARN"]) for name in ("MASTER", "USER", "PASSWORD")
    )
    return Rotation(server=server, master=master, user=user, password=password)


def repair(rotation: Rotation) -> None:
    """Completes a rotation that stopped between its last two changes: the password follows the user."""
    version, holder = rotation.user.current_version(), rotation.password.current_version()
    if version != holder and rotation.password.has_value(version):
        rotation.password.promote(version, holder=holder)


def prepare(rotation: Rotation) -> None:
    """Prepares roles and ownership, and sets the current user's password unless it is already the current one."""
    repair(rotation)
    user, password = rotation.user.current(), rotation.password.current()
    roles.next_user(user)
    with rotation.as_master() as master:
        roles.prepare(master)
        if not rotation.can_log_in(user, password):
            roles.set_password(master, user, password)


def create_pending(rotation: Rotation, token: str) -> None:
    """Stores the other user and a new password as pending values."""
    repair(rotation)
    if not rotation.user.has_value(token):
        rotation.user.propose(token, roles.next_user(rotation.user.current()))
    if not rotation.password.has_value(token):
        rotation.password.propose(token, secrets.token_urlsafe(PASSWORD_BYTES))


def set_pending(rotation: Rotation, token: str) -> None:
    """Sets the pending password for the pending user."""
    user, password = rotation.user.value(token), rotation.password.value(token)
    if rotation.can_log_in(user, password):
        return
    # An operator changed the current user by hand: running tasks log in with that user's password.
    if user == rotation.user.current():
        raise LoginRefusedError(f"{user} is in use and refused: run the function's action prepare")
    with rotation.as_master() as master:
        roles.set_password(master, user, password)


def test_pending(rotation: Rotation, token: str) -> None:
    """Logs in as the pending user and tries a write as Orthanc would.

    When rotation is turned on without an immediate rotation, Secrets Manager runs this step with a copy of the current
    password.
    """
    user = rotation.user.value(token) if rotation.user.has_value(token) else rotation.user.current()
    with rotation.server.login(user, rotation.password.value(token)) as session:
        roles.check_owner(session)


def finish_rotation(rotation: Rotation, token: str) -> None:
    """Makes the pending user and password current. A log-in with a pair read between the two changes is refused.

    Both versions are looked up first, so that nothing else happens between the two changes. The user changes first:
    Secrets Manager takes a changed password for a finished rotation.
    """
    user, password = rotation.user.current_version(), rotation.password.current_version()
    rotation.user.promote(token, holder=user)
    rotation.password.promote(token, holder=password)


def is_finished(rotation: Rotation, token: str) -> bool:
    """Whether the version `token` is current, for the user too if it has that version."""
    return rotation.password.is_current(token) and (
        rotation.user.is_current(token) or not rotation.user.has_value(token)
    )


STEPS: dict[str, Callable[[Rotation, str], None]] = {
    "createSecret": create_pending,
    "setSecret": set_pending,
    "testSecret": test_pending,
    "finishSecret": finish_rotation,
}


def handler(event: Mapping[str, Any], _lambda_context: object) -> dict[str, str]:
    """Runs `{"action": "prepare"}` or one step of a rotation; ValueError for anything else."""
    rotation = rotation_from(os.environ, boto3.client("secretsmanager"))
    if dict(event) == {"action": "prepare"}:
        prepare(rotation)
        return _report("prepare", rotation)
    step, arn, token = (event.get(key, "") for key in ("Step", "SecretId", "ClientRequestToken"))
    if step not in STEPS:
        raise ValueError(f"unknown event: expected action prepare, or one of the steps {', '.join(STEPS)}")
    if arn != rotation.password.arn:
        raise ValueError(f"this function rotates {rotation.password.arn}, not {arn}")
    rotation.password.require_rotation(token)
    # Secrets Manager repeats a step whose response was lost, even after the rotation finished.
    if not is_finished(rotation, token):
        STEPS[step](rotation, token)
    return _report(step, rotation)


def _report(step: str, rotation: Rotation) -> dict[str, str]:
    answer = {"step": step, "user": rotation.user.current()}
    print(json.dumps({**answer, "secret": rotation.password.arn}))  # noqa: T201  Lambda's log is its standard output
    return answer
