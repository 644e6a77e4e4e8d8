"""A database, its three secrets, and the calls that Secrets Manager makes to the rotation function."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.secretsmanager.models import secretsmanager_backends

from dataplane.processes.postgresql import DATABASE, MASTER, PostgreSql
from functions.rotation import handler as function
from functions.rotation import roles

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FIRST = "first-password"
PREDECESSOR = "single_user"
"""The database user of a store from before rotation."""


@dataclass
class Rotation:
    """A database and its three secrets."""

    server: PostgreSql
    arns: dict[str, str]
    client: Any

    def handle(self, event: dict[str, Any]) -> dict[str, str]:
        return function.handler(event, None)

    def prepare(self) -> None:
        self.handle({"action": "prepare"})

    def begin(self) -> str:
        """What Secrets Manager does when a rotation begins: a pending version without a value."""
        token = str(uuid.uuid4())
        secret = self.backend("password")
        secret.remove_version_stages_from_old_versions(["AWSPENDING"])
        secret.versions[token] = {"createdate": 0, "version_id": token, "version_stages": ["AWSPENDING"]}
        return token

    def abandon(self) -> None:
        """What an operator does to a rotation that does not finish."""
        self.backend("password").remove_version_stages_from_old_versions(["AWSPENDING"])

    def stages(self, name: str) -> dict[str, list[str]]:
        """Stages of the versions of one secret."""
        return self.client.describe_secret(SecretId=self.arns[name])["VersionIdsToStages"]

    def step(self, step: str, token: str) -> None:
        self.handle({"Step": step, "SecretId": self.arns["password"], "ClientRequestToken": token})

    def rotate(self) -> None:
        token = self.begin()
        for step in STEPS:
            self.step(step, token)

    def credentials(self) -> tuple[str, str]:
        """The current user and password."""
        values = [
            self.client.get_secret_value(SecretId=self.arns[name], VersionStage="AWSCURRENT")["SecretString"]
            for name in ("user", "password")
        ]
        return values[0], values[1]

    def promote(self, name: str, token: str) -> None:
        """Makes a version current, as an operator would."""
        [holder] = [version for version, stages in self.stages(name).items() if "AWSCURRENT" in stages]
        self.client.update_secret_version_stage(
            SecretId=self.arns[name], VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=holder
        )

    def login(self, credentials: tuple[str, str] | None = None) -> Any:
        return self.server.connect(*(credentials or self.credentials()))

    def backend(self, name: str) -> Any:
        return secretsmanager_backends["123456789012"]["us-east-1"].secrets[self.arns[name]]


def reset_database(server: PostgreSql) -> None:
    """Creates an empty database of the master user, and drops the store's roles."""
    with server.connect_as_superuser() as superuser:
        superuser.run(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        for role in (*roles.USERS, roles.OWNER, PREDECESSOR):
            superuser.run(f"DROP ROLE IF EXISTS {role}")
    with server.connect(MASTER, server.master_password, "postgres") as master:
        master.run(f"CREATE DATABASE {DATABASE}")


@contextmanager
def new_rotation(server: PostgreSql, monkeypatch: pytest.MonkeyPatch) -> Generator[Rotation]:
    """An empty database, and secrets with the values that the program first writes."""
    reset_database(server)
    monkeypatch.setattr(socket, "create_connection", _without_delay(socket.create_connection))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("secretsmanager")
        values = {
            "master": json.dumps({"username": MASTER, "password": server.master_password}),
            "user": roles.USERS[0],
            "password": FIRST,
        }
        arns = {name: client.create_secret(Name=name, SecretString=value)["ARN"] for name, value in values.items()}
        rotation = Rotation(server=server, arns=arns, client=client)
        secret = rotation.backend("password")
        secret.rotation_requested = secret.rotation_enabled = True
        for name, arn in arns.items():
            monkeypatch.setenv(f"{name.upper()}_SECRET_ARN", arn)
        for name, value in (
            ("HOST", "localhost"),
            ("PORT", str(server.port)),
            ("NAME", DATABASE),
            ("CA", str(server.authority.file)),
        ):
            monkeypatch.setenv(f"DATABASE_{name}", value)
        yield rotation


def _without_delay(connect: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    """Turns off Nagle's algorithm: the driver sends small packets, so each log-in would wait 40 ms for an ACK."""

    def connect_without_delay(*arguments: Any, **named: Any) -> socket.socket:
        connection = connect(*arguments, **named)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    return connect_without_delay
