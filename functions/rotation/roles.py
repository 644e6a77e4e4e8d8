"""The roles in the database: one that owns everything, and two that take turns to log in as it."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, identifier, literal
from scramp import ScramMechanism

OWNER = "orthanc"
USERS = ("orthanc_a", "orthanc_b")
LOCK_TIMEOUT = "10s"
TIMEOUT_SECONDS = 60  # a paused cluster wakes in 30 s or more
ITERATIONS = 4096
REFUSALS = frozenset({"28P01", "28000"})
"""A wrong password, or a role that may not log in; https://www.postgresql.org/docs/current/errcodes-appendix.html"""

FOREIGN = """
SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
       oid::regclass::text, relowner::regrole::text, pg_has_role(relowner, 'USAGE')
  FROM pg_class relation
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S') AND relowner <> :owner::regrole
   AND NOT EXISTS (SELECT 1 FROM pg_depend
                    WHERE classid = 'pg_class'::regclass AND objid = relation.oid
                      AND (deptype = 'e' OR relkind = 'S' AND deptype IN ('a', 'i')))
UNION ALL
SELECT 'ROUTINE', oid::regprocedure::text, proowner::regrole::text, pg_has_role(proowner, 'USAGE')
  FROM pg_proc routine
 WHERE pronamespace = 'public'::regnamespace AND proowner <> :owner::regrole
   AND NOT EXISTS (SELECT 1 FROM pg_depend
                    WHERE classid = 'pg_proc'::regclass AND objid = routine.oid AND deptype IN ('i', 'e'))
"""
"""What somebody else owns, and whether this session may give it away. A serial column's sequence goes with its table,
and what an extension made with that.
"""


class LoginRefusedError(RuntimeError):
    """The server does not let this role in with this password."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the database is, and the file of the authorities that may vouch for it."""

    host: str
    port: int
    database: str
    authorities: str

    @contextmanager
    def login(self, user: str, password: str) -> Generator[Connection]:
        """A connection as `user`, whose server certificate is verified with its name.

        LoginRefusedError if it is the user or the password that is refused.
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
                application_name="image-store-rotation",
            )
        except DatabaseError as error:
            if error.args[0]["C"] not in REFUSALS:  # as when there are too many connections: no password helps
                raise
            raise LoginRefusedError(f"{user} cannot log in: {error.args[0]['M']}") from None
        try:
            yield connection
        finally:
            with suppress(InterfaceError):  # lost already, and what lost it has been raised
                connection.close()


def other(user: str) -> str:
    """The role whose turn is next; ValueError for a user that takes no turns."""
    first, second = USERS
    turns = {first: second, second: first}
    if user not in turns:
        raise ValueError(f"the secret of the user names {user!r}; rotation alternates {first} and {second}")
    return turns[user]


def verifier(password: str) -> str:
    """What PostgreSQL stores of `password`. Sent instead of it, the password never reaches a statement or its log.

    https://www.postgresql.org/docs/current/catalog-pg-authid.html
    """
    salt, stored, server, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(
        password, iteration_count=ITERATIONS
    )
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def prepare(connection: Connection) -> None:
    """Creates the roles where they are missing, and makes the owner own the database and all in it. Repeatable."""
    # A statement that waits for a lock holds up everybody behind it.
    connection.run(f"SET lock_timeout TO {literal(LOCK_TIMEOUT)}")
    _create(connection, OWNER, "NOLOGIN")
    connection.run(f"GRANT {OWNER} TO CURRENT_USER")
    for user in USERS:
        _create(connection, user, "LOGIN")
        connection.run(f"ALTER ROLE {user} LOGIN")
        connection.run(f"GRANT {OWNER} TO {user}")
        # Whatever a role creates belongs to the owner, so that the other role can use and alter it.
        connection.run(f"ALTER ROLE {user} SET role TO {literal(OWNER)}")
    [[database]] = connection.run("SELECT current_database()")
    connection.run(f"ALTER DATABASE {identifier(database)} OWNER TO {OWNER}")
    for kind, name, owner, may_give in connection.run(FOREIGN, owner=OWNER):
        if not may_give:
            connection.run(f"GRANT {owner} TO CURRENT_USER")
        connection.run(f"ALTER {kind} {name} OWNER TO {OWNER}")
    connection.run(f"SET ROLE {OWNER}")
    connection.run("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # Orthanc's index of patient names asks for it
    connection.run("RESET ROLE")


def set_password(connection: Connection, user: str, password: str) -> None:
    """Gives `user` a new password; sessions that are open go on."""
    connection.run(f"ALTER ROLE {identifier(user)} PASSWORD {literal(verifier(password))}")


def check(connection: Connection) -> None:
    """That this role acts as the owner and may write; leaves nothing behind."""
    [[role]] = connection.run("SELECT current_user")
    if role != OWNER:
        raise LoginRefusedError(f"a session acts as {role}, not as {OWNER}: run the function's action prepare")
    connection.run("BEGIN")
    connection.run("CREATE TABLE rotation_check (written boolean)")
    connection.run("INSERT INTO rotation_check VALUES (true)")
    connection.run("ROLLBACK")


def _create(connection: Connection, role: str, login: str) -> None:
    if not connection.run("SELECT 1 FROM pg_roles WHERE rolname = :role", role=role):
        connection.run(f"CREATE ROLE {role} {login}")
