"""A database, its three secrets, and a Secrets Manager that drives the rotation function as AWS does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.secretsmanager.models import secretsmanager_backends

from functions.rotation import handler as function
from functions.rotation import roles
from tests.dataplane.postgresql import DATABASE, MASTER, PostgreSql

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FIRST = "first-password"


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

    def login(self, pair: tuple[str, str] | None = None) -> Any:
        return self.server.connect(*(pair or self.pair()))

    def backend(self, name: str) -> Any:
        return secretsmanager_backends["123456789012"]["us-east-1"].secrets[self.arns[name]]


@contextmanager
def fresh(server: PostgreSql, monkeypatch: pytest.MonkeyPatch) -> Generator[Store]:
    """An empty database of the master's, and secrets as the program first writes them."""
    with server.as_superuser() as superuser:
        superuser.run(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        for role in (*roles.USERS, roles.OWNER):
            superuser.run(f"DROP ROLE IF EXISTS {role}")
    with server.connect(MASTER, server.master_password, "postgres") as master:
        master.run(f"CREATE DATABASE {DATABASE}")
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
