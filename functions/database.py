"""Log-in to the database, which the Lambda functions share. Each function's archive holds this module as it is here."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

TIMEOUT_SECONDS = 60  # a paused cluster needs 30 s or more to resume
REFUSALS = frozenset({"28P01", "28000"})
"""A wrong password, or a role that may not log in; https://www.postgresql.org/docs/current/errcodes-appendix.html"""


class LoginRefusedError(RuntimeError):
    """The server refuses this user or this password."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Address of the database, the file of trusted certificate authorities, and the name shown in its session list."""

    host: str
    port: int
    database: str
    authorities: str
    application_name: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, folder: Path, application_name: str) -> Server:
        """The server that a function's environment names; `DATABASE_CA` is a file in `folder`.

        KeyError names the variable that is missing.
        """
        return cls(
            host=environment["DATABASE_HOST"],
            port=int(environment["DATABASE_PORT"]),
            database=environment["DATABASE_NAME"],
            authorities=str(folder / environment["DATABASE_CA"]),
            application_name=application_name,
        )

    @contextmanager
    def login(self, user: str, password: str) -> Generator[Connection]:
        """A connection as `user`, after the server's certificate and its name are verified.

        LoginRefusedError if the user or the password is refused.
        """
        context = ssl.create_default_context(cafile=self.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            connection = Connection(
                user,
                host=self.host,
                port=self.port,
                database=self.database,
                password=password,
                ssl_context=context,
                timeout=TIMEOUT_SECONDS,
                application_name=self.application_name,
            )
        except DatabaseError as error:
            if error.args[0]["C"] not in REFUSALS:  # such as too many connections, where no other password helps
                raise
            raise LoginRefusedError(f"{user} cannot log in: {error.args[0]['M']}") from None
        try:
            yield connection
        finally:
            with suppress(InterfaceError):  # the connection is lost, and the error that lost it is already raised
                connection.close()
