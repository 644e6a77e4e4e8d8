"""The rotation function against a real PostgreSQL."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import literal

from dataplane.processes.authority import Authority
from dataplane.processes.postgresql import MASTER
from functions.database import LoginRefusedError
from functions.rotation import roles
from functions.rotation.versions import RotationError
from tests.dataplane.rotations import FIRST, PREDECESSOR, STEPS, Rotation


def test_an_empty_database_is_prepared_and_the_first_credentials_can_log_in(prepared: Rotation):
    with prepared.login() as session:
        session.run("CREATE TABLE patients (name text)")
        assert session.run("SELECT current_user, session_user") == [[roles.OWNER, roles.USERS[0]]]
    assert prepared.credentials() == (roles.USERS[0], FIRST)


def test_preparing_again_changes_nothing(prepared: Rotation):
    prepared.rotate()
    before = prepared.credentials()
    prepared.prepare()
    assert prepared.credentials() == before
    prepared.login().close()


def test_objects_of_the_master_user_get_the_owner(rotation: Rotation):
    with rotation.server.connect(MASTER, rotation.server.master_password) as master:
        master.run("CREATE TABLE resources (id bigserial PRIMARY KEY, name text)")
        master.run("CREATE VIEW named AS SELECT name FROM resources")
        master.run("CREATE SEQUENCE changes")
        master.run("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    rotation.prepare()
    with rotation.login() as session:
        session.run("ALTER TABLE resources ADD COLUMN added int")
        session.run("INSERT INTO resources (name) VALUES ('x')")
        session.run("DROP VIEW named")
        session.run("DROP SEQUENCE changes")
        session.run("DROP FUNCTION one()")


def test_objects_of_a_single_user_get_the_owner(rotation: Rotation):
    with rotation.server.connect(MASTER, rotation.server.master_password) as master:
        master.run(f"CREATE ROLE {PREDECESSOR} LOGIN PASSWORD {literal(FIRST)}")
        master.run(f"GRANT CREATE ON SCHEMA public TO {PREDECESSOR}")
    with rotation.server.connect(PREDECESSOR, FIRST) as predecessor:
        predecessor.run("CREATE TABLE resources (id bigserial PRIMARY KEY, name text)")
        predecessor.run("CREATE TABLE changes (day date) PARTITION BY RANGE (day)")
        predecessor.run("CREATE TABLE today PARTITION OF changes DEFAULT")
        predecessor.run("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    rotation.prepare()
    with rotation.login() as session:
        session.run("INSERT INTO resources (name) VALUES ('x')")
        session.run("ALTER TABLE resources ADD COLUMN added int")
        session.run("ALTER TABLE today ADD CHECK (day > '2000-01-01')")
        session.run("DROP TABLE changes")
        session.run("DROP FUNCTION one()")


def test_preparing_does_not_block_a_running_store(rotation: Rotation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(roles, "LOCK_TIMEOUT", "100ms")
    with rotation.server.connect(MASTER, rotation.server.master_password) as master:
        master.run("CREATE TABLE resources (id int)")
        master.run("BEGIN")
        master.run("SELECT * FROM resources")
        with pytest.raises(DatabaseError, match="lock timeout"):
            rotation.prepare()
        master.run("COMMIT")
    rotation.prepare()


def test_preparing_restores_the_log_in_of_a_role(prepared: Rotation):
    with prepared.server.connect_as_superuser() as superuser:
        superuser.run(f"ALTER ROLE {roles.USERS[1]} NOLOGIN")
    prepared.prepare()
    prepared.rotate()
    prepared.login().close()


def test_a_rotation_changes_user_and_password(prepared: Rotation):
    old = prepared.credentials()
    prepared.rotate()
    user, password = prepared.credentials()
    assert user == roles.USERS[1]
    assert password not in {old[1], ""}
    assert len(password) == 40
    prepared.login().close()


def test_old_credentials_and_sessions_work_until_the_next_rotation(prepared: Rotation):
    old = prepared.credentials()
    session = prepared.login()
    prepared.rotate()
    session.run("SELECT 1")
    prepared.login(old).close()
    prepared.rotate()
    session.run("SELECT 1")
    with pytest.raises(DatabaseError):
        prepared.login(old)


def test_each_user_can_alter_the_tables_of_the_other(prepared: Rotation):
    with prepared.login() as session:
        session.run("CREATE TABLE studies (uid text)")
    prepared.rotate()
    with prepared.login() as session:
        session.run("ALTER TABLE studies ADD COLUMN added int")


def test_a_client_that_reads_the_credentials_again_is_never_locked_out(prepared: Rotation):
    """Ten rotations while a client logs in continuously."""
    refused: list[str] = []
    done = threading.Event()
    logins = 0

    def log_in_repeatedly() -> None:
        nonlocal logins
        while not done.is_set():
            for attempt in range(
                2
            ):  # the two secrets are read one after the other: one attempt may read an old and a new value
                try:
                    prepared.login().close()
                    logins += 1
                    break
                except DatabaseError as error:
                    if attempt:
                        refused.append(str(error))

    client = threading.Thread(target=log_in_repeatedly)
    client.start()
    for _ in range(10):
        prepared.rotate()
    done.set()
    client.join()
    assert logins > 20
    assert refused == []


def test_turning_rotation_on_tests_the_current_password(prepared: Rotation):
    token = prepared.begin()
    prepared.backend("password").versions[token]["secret_string"] = FIRST
    prepared.step("testSecret", token)
    assert prepared.credentials() == (roles.USERS[0], FIRST)


def test_a_user_made_current_by_hand_keeps_its_password(prepared: Rotation):
    token = prepared.begin()
    prepared.step("createSecret", token)
    prepared.client.put_secret_value(SecretId=prepared.arns["user"], SecretString=roles.USERS[1])
    with pytest.raises(LoginRefusedError, match="is in use and refused"):
        prepared.step("setSecret", token)


def test_too_many_connections_set_no_new_password(prepared: Rotation):
    token = prepared.begin()
    prepared.step("createSecret", token)
    prepared.step("setSecret", token)
    with prepared.server.connect_as_superuser() as superuser:
        superuser.run(f"ALTER ROLE {roles.USERS[1]} CONNECTION LIMIT 0")
    with pytest.raises(DatabaseError, match="too many connections"):
        prepared.step("setSecret", token)


def test_a_pending_password_that_was_never_set_fails_the_test_step(prepared: Rotation):
    token = prepared.begin()
    prepared.step("createSecret", token)
    with pytest.raises(LoginRefusedError, match="orthanc_b cannot log in"):
        prepared.step("testSecret", token)
    assert prepared.credentials() == (roles.USERS[0], FIRST)


def test_a_user_without_the_owners_permissions_fails_the_test_step(prepared: Rotation):
    with prepared.server.connect_as_superuser() as superuser:
        superuser.run(f"ALTER ROLE {roles.USERS[1]} RESET role")
    token = prepared.begin()
    prepared.step("createSecret", token)
    prepared.step("setSecret", token)
    with pytest.raises(LoginRefusedError, match="run the function's action prepare"):
        prepared.step("testSecret", token)


def test_an_unknown_version_is_refused(prepared: Rotation):
    with pytest.raises(RotationError, match="has no version"):
        prepared.step("createSecret", str(uuid.uuid4()))


def test_an_old_version_is_refused(prepared: Rotation):
    token = prepared.begin()
    prepared.begin()
    with pytest.raises(RotationError, match="is not pending"):
        prepared.step("createSecret", token)


def test_a_secret_whose_rotation_is_off_is_refused(prepared: Rotation):
    prepared.backend("password").rotation_enabled = False
    with pytest.raises(RotationError, match="is off"):
        prepared.step("createSecret", prepared.begin())


def test_a_finished_rotation_can_be_repeated(prepared: Rotation):
    token = prepared.begin()
    for step in STEPS:
        prepared.step(step, token)
    pair = prepared.credentials()
    for step in STEPS:
        prepared.step(step, token)
    assert prepared.credentials() == pair


@pytest.mark.parametrize("event", [{}, {"action": "drop"}, {"Step": "deleteSecret"}], ids=str)
def test_an_unknown_event_is_refused(event: dict[str, str], rotation: Rotation):
    with pytest.raises(ValueError, match="unknown event"):
        rotation.handle(event)


def test_another_secret_is_refused(rotation: Rotation):
    with pytest.raises(ValueError, match="this function rotates"):
        rotation.handle({"Step": "createSecret", "SecretId": rotation.arns["master"], "ClientRequestToken": "x" * 32})


def test_a_user_outside_the_rotation_is_refused(prepared: Rotation):
    prepared.client.put_secret_value(SecretId=prepared.arns["user"], SecretString="postgres")
    with pytest.raises(ValueError, match="alternates orthanc_a and orthanc_b"):
        prepared.step("createSecret", prepared.begin())


def test_a_server_of_another_authority_is_refused(rotation: Rotation, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_CA", str(Authority.create(tmp_path, "rogue").file))
    with pytest.raises(Exception, match="certificate verify failed"):
        rotation.prepare()


def test_a_server_of_another_name_is_refused(rotation: Rotation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_HOST", "127.0.0.1")
    with pytest.raises(Exception, match="certificate verify failed"):
        rotation.prepare()


def test_no_password_is_in_any_log(prepared: Rotation, capsys: pytest.CaptureFixture[str]):
    passwords = {FIRST, prepared.server.master_password}
    before = len(prepared.server.log.read_text())  # statements of the fixtures
    for _ in range(2):
        prepared.rotate()
        passwords.add(prepared.credentials()[1])
    statements, output = prepared.server.log.read_text()[before:], capsys.readouterr()
    assert "ALTER ROLE" in statements, "the server does not log statements, so this test proves nothing"
    assert '"step": "finishSecret"' in output.out
    for password in passwords:
        assert password not in statements
        assert password not in output.out + output.err
