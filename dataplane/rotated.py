"""A database, its three secrets, and a Secrets Manager that drives the rotation function as AWS does."""

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

from dataplane.postgresql import DATABASE, MASTER, PostgreSql
from functions.rotation import handler as function
from functions.rotation import roles

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FIRST = "first-password"
PREDECESSOR = "single_user"
"""Of a store from before rotation."""


@dataclass
class Store:
    """A database and its three secrets."""

    server: PostgreSql
    arns: dict[str, str]
    client: Any

    def handle(self, event: dict[str, Any]) -> dict[str, str]:
        return function.handler(event, None)

    def prepare(self) -> None:
        self.handle({"action": "prepare"})

    def announce(self) -> str:
        """What Secrets Manager does when a rotation begins: a pending version without a value."""
        token = str(uuid.uuid4())
        secret = self.backend("password")
        secret.remove_version_stages_from_old_versions(["AWSPENDING"])
        secret.versions[token] = {"createdate": 0, "version_id": token, "version_stages": ["AWSPENDING"]}
        return token

    def give_up(self) -> None:
        """What an operator does to a rotation that does not end."""
        self.backend("password").remove_version_stages_from_old_versions(["AWSPENDING"])

    def stages(self, name: str) -> dict[str, list[str]]:
        """Stages of the versions of one secret."""
        return self.client.describe_secret(SecretId=self.arns[name])["VersionIdsToStages"]

    def step(self, step: str, token: str) -> None:
        self.handle({"Step": step, "SecretId": self.arns["password"], "ClientRequestToken": token})

    def rotate(self) -> None:
        token = self.announce()
        for step in STEPS:
            self.step(step, token)

    def pair(self) -> tuple[str, str]:
        values = [
            self.client.get_secret_value(SecretId=self.arns[name], VersionStage="AWSCURRENT")["SecretString"]
            for name in ("user", "password")
        ]
        return values[0], values[1]

    def move(self, name: str, token: str) -> None:
        """Makes a version current, by hand."""
        [holder] = [version for version, stages in self.stages(name).items() if "AWSCURRENT" in stages]
        self.client.update_secret_version_stage(
            SecretId=self.arns[name], VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=holder
        )

    def login(self, pair: tuple[str, str] | None = None) -> Any:
        return self.server.connect(*(pair or self.pair()))

    def backend(self, name: str) -> Any:
        return secretsmanager_backends["123456789012"]["us-east-1"].secrets[self.arns[name]]


def empty(server: PostgreSql) -> None:
    """Leaves an empty database of the master's, and no roles of the store."""
    with server.as_superuser() as superuser:
        superuser.run(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        for role in (*roles.USERS, roles.OWNER, PREDECESSOR):
            superuser.run(f"DROP ROLE IF EXISTS {role}")
    with server.connect(MASTER, server.master_password, "postgres") as master:
        master.run(f"CREATE DATABASE {DATABASE}")


@contextmanager
def fresh(server: PostgreSql, monkeypatch: pytest.MonkeyPatch) -> Generator[Store]:
    """An empty database, and secrets as the program first writes them."""
    empty(server)
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
        made = Store(server=server, arns=arns, client=client)
        secret = made.backend("password")
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
        yield made


def _without_delay(connect: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    """The driver writes in small pieces; on loopback each login would wait 40 ms for acknowledgements."""

    def connected(*arguments: Any, **named: Any) -> socket.socket:
        made = connect(*arguments, **named)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    return connected
