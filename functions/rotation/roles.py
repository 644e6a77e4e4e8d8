"""Database roles: an owner of all objects, and two log-in roles that alternate and act as the owner."""

from __future__ import annotations

import base64

from pg8000.native import Connection, identifier, literal
from scramp import ScramMechanism

from functions.database import LoginRefusedError

OWNER = "orthanc"
USERS = ("orthanc_a", "orthanc_b")
LOCK_TIMEOUT = "10s"
ITERATIONS = 4096

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
"""Objects with another owner, and whether this session may change that owner. The sequence of a serial column follows
its table, and the objects of an extension follow the extension.
"""


def next_user(user: str) -> str:
    """The role that the next rotation uses; ValueError for a user that is neither of the two."""
    first, second = USERS
    turns = {first: second, second: first}
    if user not in turns:
        raise ValueError(f"the secret of the user names {user!r}; rotation alternates {first} and {second}")
    return turns[user]


def verifier(password: str) -> str:
    """The SCRAM verifier that PostgreSQL stores for `password`. With it, no statement and no log contains the password.

    https://www.postgresql.org/docs/current/catalog-pg-authid.html
    """
    salt, stored, server, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(
        password, iteration_count=ITERATIONS
    )
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def prepare(connection: Connection) -> None:
    """Creates missing roles, and makes the owner role own the database and all objects in it. Idempotent."""
    # A statement that waits for a lock blocks all later ones.
    connection.run(f"SET lock_timeout TO {literal(LOCK_TIMEOUT)}")
    _create(connection, OWNER, "NOLOGIN")
    connection.run(f"GRANT {OWNER} TO CURRENT_USER")
    for user in USERS:
        _create(connection, user, "LOGIN")
        connection.run(f"ALTER ROLE {user} LOGIN")
        connection.run(f"GRANT {OWNER} TO {user}")
        # Objects that a role creates belong to the owner, so that the other role can use and alter them.
        connection.run(f"ALTER ROLE {user} SET role TO {literal(OWNER)}")
    [[database]] = connection.run("SELECT current_database()")
    connection.run(f"ALTER DATABASE {identifier(database)} OWNER TO {OWNER}")
    for kind, name, owner, may_change in connection.run(FOREIGN, owner=OWNER):
        if not may_change:
            connection.run(f"GRANT {owner} TO CURRENT_USER")
        connection.run(f"ALTER {kind} {name} OWNER TO {OWNER}")
    connection.run(f"SET ROLE {OWNER}")
    connection.run("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # Orthanc's index of patient names needs it
    connection.run("RESET ROLE")


def set_password(connection: Connection, user: str, password: str) -> None:
    """Sets a new password for `user`; open sessions continue."""
    connection.run(f"ALTER ROLE {identifier(user)} PASSWORD {literal(verifier(password))}")


def check_owner(connection: Connection) -> None:
    """LoginRefusedError unless this session acts as the owner; it tries a write and rolls it back."""
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
