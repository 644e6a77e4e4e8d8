"""The rotation function against a real PostgreSQL."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import literal

from dataplane.authority import Authority
from dataplane.postgresql import MASTER
from dataplane.rotated import FIRST, PREDECESSOR, STEPS, Store
from functions.database import LoginRefusedError
from functions.rotation import roles
from functions.rotation.versions import RotationError


def test_an_empty_database_is_prepared_and_the_first_pair_lets_in(ready: Store):
    with ready.login() as session:
        session.run("CREATE TABLE patients (name text)")
        assert session.run("SELECT current_user, session_user") == [[roles.OWNER, roles.USERS[0]]]
    assert ready.pair() == (roles.USERS[0], FIRST)


def test_preparing_again_changes_nothing(ready: Store):
    ready.rotate()
    before = ready.pair()
    ready.prepare()
    assert ready.pair() == before
    ready.login().close()


def test_what_the_master_made_is_handed_over(store: Store):
    with store.server.connect(MASTER, store.server.master_password) as master:
        master.run("CREATE TABLE resources (id bigserial PRIMARY KEY, name text)")
        master.run("CREATE VIEW named AS SELECT name FROM resources")
        master.run("CREATE SEQUENCE changes")
        master.run("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    store.prepare()
    with store.login() as session:
        session.run("ALTER TABLE resources ADD COLUMN added int")
        session.run("INSERT INTO resources (name) VALUES ('x')")
        session.run("DROP VIEW named")
        session.run("DROP SEQUENCE changes")
        session.run("DROP FUNCTION one()")


def test_what_a_single_user_made_is_handed_over(store: Store):
    with store.server.connect(MASTER, store.server.master_password) as master:
        master.run(f"CREATE ROLE {PREDECESSOR} LOGIN PASSWORD {literal(FIRST)}")
        master.run(f"GRANT CREATE ON SCHEMA public TO {PREDECESSOR}")
    with store.server.connect(PREDECESSOR, FIRST) as predecessor:
        predecessor.run("CREATE TABLE resources (id bigserial PRIMARY KEY, name text)")
        predecessor.run("CREATE TABLE changes (day date) PARTITION BY RANGE (day)")
        predecessor.run("CREATE TABLE today PARTITION OF changes DEFAULT")
        predecessor.run("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    store.prepare()
    with store.login() as session:
        session.run("INSERT INTO resources (name) VALUES ('x')")
        session.run("ALTER TABLE resources ADD COLUMN added int")
        session.run("ALTER TABLE today ADD CHECK (day > '2000-01-01')")
        session.run("DROP TABLE changes")
        session.run("DROP FUNCTION one()")


def test_preparing_does_not_queue_before_a_running_store(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(roles, "LOCK_TIMEOUT", "100ms")
    with store.server.connect(MASTER, store.server.master_password) as master:
        master.run("CREATE TABLE resources (id int)")
        master.run("BEGIN")
        master.run("SELECT * FROM resources")
        with pytest.raises(DatabaseError, match="lock timeout"):
            store.prepare()
        master.run("COMMIT")
    store.prepare()


def test_preparing_opens_a_role_that_was_closed(ready: Store):
    with ready.server.as_superuser() as superuser:
        superuser.run(f"ALTER ROLE {roles.USERS[1]} NOLOGIN")
    ready.prepare()
    ready.rotate()
    ready.login().close()


def test_a_rotation_changes_user_and_password(ready: Store):
    old = ready.pair()
    ready.rotate()
    user, password = ready.pair()
    assert user == roles.USERS[1]
    assert password not in {old[1], ""}
    assert len(password) == 40
    ready.login().close()


def test_the_old_pair_and_its_sessions_live_until_the_next_rotation(ready: Store):
    old = ready.pair()
    session = ready.login()
    ready.rotate()
    session.run("SELECT 1")
    ready.login(old).close()
    ready.rotate()
    session.run("SELECT 1")
    with pytest.raises(DatabaseError):
        ready.login(old)


def test_a_table_of_one_user_can_be_altered_by_the_other(ready: Store):
    with ready.login() as session:
        session.run("CREATE TABLE studies (uid text)")
    ready.rotate()
    with ready.login() as session:
        session.run("ALTER TABLE studies ADD COLUMN added int")


def test_a_client_that_reads_the_pair_again_is_never_locked_out(ready: Store):
    """Ten rotations beside a client that logs in without a pause."""
    refused: list[str] = []
    done = threading.Event()
    logins = 0

    def follow() -> None:
        nonlocal logins
        while not done.is_set():
            for attempt in range(2):  # the two secrets are read one after the other: once it may be in between
                try:
                    ready.login().close()
                    logins += 1
                    break
                except DatabaseError as error:
                    if attempt:
                        refused.append(str(error))

    client = threading.Thread(target=follow)
    client.start()
    for _ in range(10):
        ready.rotate()
    done.set()
    client.join()
    assert logins > 20
    assert refused == []


def test_setting_up_rotation_tries_the_password_in_use(ready: Store):
    token = ready.announce()
    ready.backend("password").versions[token]["secret_string"] = FIRST
    ready.step("testSecret", token)
    assert ready.pair() == (roles.USERS[0], FIRST)


def test_a_user_that_somebody_put_to_use_keeps_its_password(ready: Store):
    token = ready.announce()
    ready.step("createSecret", token)
    ready.client.put_secret_value(SecretId=ready.arns["user"], SecretString=roles.USERS[1])
    with pytest.raises(LoginRefusedError, match="is in use and refused"):
        ready.step("setSecret", token)


def test_a_full_server_is_no_reason_for_a_new_password(ready: Store):
    token = ready.announce()
    ready.step("createSecret", token)
    ready.step("setSecret", token)
    with ready.server.as_superuser() as superuser:
        superuser.run(f"ALTER ROLE {roles.USERS[1]} CONNECTION LIMIT 0")
    with pytest.raises(DatabaseError, match="too many connections"):
        ready.step("setSecret", token)


def test_a_pending_password_that_was_never_set_fails_the_test(ready: Store):
    token = ready.announce()
    ready.step("createSecret", token)
    with pytest.raises(LoginRefusedError, match="orthanc_b cannot log in"):
        ready.step("testSecret", token)
    assert ready.pair() == (roles.USERS[0], FIRST)


def test_a_user_without_the_owners_rights_fails_the_test(ready: Store):
    with ready.server.as_superuser() as superuser:
        superuser.run(f"ALTER ROLE {roles.USERS[1]} RESET role")
    token = ready.announce()
    ready.step("createSecret", token)
    ready.step("setSecret", token)
    with pytest.raises(LoginRefusedError, match="run the function's action prepare"):
        ready.step("testSecret", token)


def test_a_version_that_nobody_announced_is_refused(ready: Store):
    with pytest.raises(RotationError, match="has no version"):
        ready.step("createSecret", str(uuid.uuid4()))


def test_a_version_of_the_past_is_refused(ready: Store):
    token = ready.announce()
    ready.announce()
    with pytest.raises(RotationError, match="is not pending"):
        ready.step("createSecret", token)


def test_a_secret_whose_rotation_is_off_is_refused(ready: Store):
    ready.backend("password").rotation_enabled = False
    with pytest.raises(RotationError, match="is off"):
        ready.step("createSecret", ready.announce())


def test_a_rotation_that_is_done_may_be_asked_for_again(ready: Store):
    token = ready.announce()
    for step in STEPS:
        ready.step(step, token)
    pair = ready.pair()
    for step in STEPS:
        ready.step(step, token)
    assert ready.pair() == pair


@pytest.mark.parametrize("event", [{}, {"action": "drop"}, {"Step": "deleteSecret"}], ids=str)
def test_an_unknown_event_is_refused(event: dict[str, str], store: Store):
    with pytest.raises(ValueError, match="unknown event"):
        store.handle(event)


def test_another_secret_is_refused(store: Store):
    with pytest.raises(ValueError, match="this function rotates"):
        store.handle({"Step": "createSecret", "SecretId": store.arns["master"], "ClientRequestToken": "x" * 32})


def test_a_user_that_takes_no_turns_is_refused(ready: Store):
    ready.client.put_secret_value(SecretId=ready.arns["user"], SecretString="postgres")
    with pytest.raises(ValueError, match="alternates orthanc_a and orthanc_b"):
        ready.step("createSecret", ready.announce())


def test_a_server_of_another_authority_is_refused(store: Store, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_CA", str(Authority.create(tmp_path, "rogue").file))
    with pytest.raises(Exception, match="certificate verify failed"):
        store.prepare()


def test_a_server_of_another_name_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_HOST", "127.0.0.1")
    with pytest.raises(Exception, match="certificate verify failed"):
        store.prepare()


def test_no_password_is_in_any_log(ready: Store, capsys: pytest.CaptureFixture[str]):
    passwords = {FIRST, ready.server.master_password}
    before = len(ready.server.log.read_text())  # this test run's own set-up
    for _ in range(2):
        ready.rotate()
        passwords.add(ready.pair()[1])
    statements, told = ready.server.log.read_text()[before:], capsys.readouterr()
    assert "ALTER ROLE" in statements, "the server logs statements, or this test shows nothing"
    assert '"step": "finishSecret"' in told.out
    for password in passwords:
        assert password not in statements
        assert password not in told.out + told.err
