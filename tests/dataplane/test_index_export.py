"""The export of the index against a real PostgreSQL with the tables of Orthanc's plugin."""

from __future__ import annotations

import gzip
import json
from typing import Any

import boto3
import pytest
from pg8000.exceptions import DatabaseError

from functions.database import LoginRefusedError, Server
from functions.index_export import handler as function
from functions.index_export import index
from tests.dataplane.rotations import Rotation

BUCKET, PREFIX = "archive", "studies/octank/dev/index/"

TABLES = """
CREATE TABLE Resources(internalId BIGSERIAL NOT NULL PRIMARY KEY, resourceType INTEGER NOT NULL,
    publicId VARCHAR(64) NOT NULL, parentId BIGINT REFERENCES Resources(internalId) ON DELETE CASCADE);
CREATE TABLE MainDicomTags(id BIGINT REFERENCES Resources(internalId) ON DELETE CASCADE, tagGroup INTEGER,
    tagElement INTEGER, value TEXT, PRIMARY KEY(id, tagGroup, tagElement));
CREATE TABLE AttachedFiles(id BIGINT REFERENCES Resources(internalId) ON DELETE CASCADE, fileType INTEGER,
    uuid VARCHAR(64) NOT NULL, compressedSize BIGINT, uncompressedSize BIGINT, compressionType INTEGER,
    uncompressedHash VARCHAR(40), compressedHash VARCHAR(40), revision INTEGER, PRIMARY KEY(id, fileType))
"""
"""https://orthanc.uclouvain.be/hg/orthanc-databases/file/default/PostgreSQL/Plugins/SQL/PrepareIndex.sql"""

TREE = """
INSERT INTO Resources SELECT 1, 0, 'patient', NULL;
INSERT INTO Resources SELECT 1 + study, 1, 'study-' || study, 1 FROM generate_series(1, {studies}) study;
INSERT INTO Resources SELECT 1000 + study, 2, 'series-' || study, 1 + study FROM generate_series(1, {studies}) study;
INSERT INTO Resources SELECT 10000 + n, 3, 'instance-' || n, 1000 + 1 + (n % {studies})
  FROM generate_series(0, {instances} - 1) n;
INSERT INTO MainDicomTags SELECT 1 + study, 32, 13, '1.2.' || study FROM generate_series(1, {studies}) study;
INSERT INTO MainDicomTags SELECT 1000 + study, 32, 14, '1.2.' || study || '.3' FROM generate_series(1, {studies}) study;
INSERT INTO MainDicomTags SELECT 10000 + n, 8, 24, '1.2.' || 1 + n % {studies} || '.3.' || n
  FROM generate_series(0, {instances} - 1) n;
INSERT INTO MainDicomTags SELECT 1, 16, 16, 'DOE^JANE';
INSERT INTO AttachedFiles SELECT 10000 + n, 1, 'uuid-' || n, 500 + n, 600 + n, 1, 'plain', 'stored-' || n, 0
  FROM generate_series(0, {instances} - 1) n;
INSERT INTO AttachedFiles SELECT 10000 + n, 3, 'head-' || n, 50, 50, 1, 'plain', 'stored', 0
  FROM generate_series(0, {instances} - 1) n;
INSERT INTO AttachedFiles SELECT 2, 1024, 'report', 7, 7, 1, 'plain', 'report-md5', 0
"""


class Clock:
    """Lambda's context with a given remaining time."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.fixture
def indexed(prepared: Rotation, monkeypatch: pytest.MonkeyPatch) -> Rotation:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    monkeypatch.setenv("ARCHIVE_BUCKET", BUCKET)
    monkeypatch.setenv("ARCHIVE_PREFIX", PREFIX)
    with prepared.login() as session:
        for statement in TABLES.split(";"):
            session.run(statement)
    return prepared


def fill(rotation: Rotation, *, studies: int = 2, instances: int = 5) -> Rotation:
    with rotation.login() as session:
        for statement in TREE.format(studies=studies, instances=instances).split(";"):
            session.run(statement)
    return rotation


def export(prefix: str = PREFIX) -> dict[str, Any]:
    return function.handler({"bucket": BUCKET, "prefix": prefix}, Clock(600_000))


def lines(parts: list[str]) -> list[dict[str, Any]]:
    bodies = [boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in parts]
    return [json.loads(line) for part in bodies for line in gzip.decompress(part).splitlines()]


def test_every_attachment_is_exported_with_the_image_it_belongs_to(indexed: Rotation):
    fill(indexed)
    answer = export()
    found = {line["uuid"]: line for line in lines(answer["parts"])}
    assert answer["objects"] == len(found) == 5 + 5 + 1
    assert found["uuid-3"] == {
        "uuid": "uuid-3",
        "type": 1,
        "bytes": 503,
        "md5": "stored-3",
        "instance": "1.2.2.3.3",
        "series": "1.2.2.3",
        "study": "1.2.2",
    }
    assert found["head-0"]["type"] == 3


def test_an_attachment_of_a_study_has_no_series_and_no_instance(indexed: Rotation):
    fill(indexed)
    (report,) = [line for line in lines(export()["parts"]) if line["uuid"] == "report"]
    assert (report["type"], report["instance"], report["series"], report["study"]) == (
        1024,
        None,
        None,
        "1.2.1",
    )


def test_the_export_has_no_patient_names(indexed: Rotation):
    fill(indexed)
    assert "DOE" not in json.dumps(lines(export()["parts"]))


def test_an_empty_index_is_exported_as_one_empty_part(indexed: Rotation):
    answer = export()
    assert answer == {"objects": 0, "parts": [f"{PREFIX}part-00001.jsonl.gz"]}
    assert lines(answer["parts"]) == []


def test_a_large_index_is_exported_in_parts(indexed: Rotation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(function, "ROWS", 7)
    monkeypatch.setattr(function.Parts, "__init__", _with_lines(function.Parts.__init__, 25))
    fill(indexed, instances=30)
    answer = export()
    assert len(answer["parts"]) == 3
    assert len({line["uuid"] for line in lines(answer["parts"])}) == answer["objects"] == 61


def _with_lines(begin: Any, number: int) -> Any:
    return lambda self, **named: begin(self, **named, lines=number)


def test_the_export_is_one_snapshot(indexed: Rotation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(function, "ROWS", 3)
    fill(indexed)
    add, changed = function.Parts.add, []

    def add_after_change(self: function.Parts, entries: list[dict[str, Any]]) -> None:
        if not changed:
            with indexed.login() as other:
                changed.append(other.run("DELETE FROM AttachedFiles"))
        add(self, entries)

    monkeypatch.setattr(function.Parts, "add", add_after_change)
    assert export()["objects"] == 11


def test_the_export_cannot_write_into_the_index(indexed: Rotation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(index, "ATTACHMENTS", "SELECT 1; DELETE FROM AttachedFiles")
    fill(indexed)
    with pytest.raises(DatabaseError):
        export()
    with indexed.login() as session:
        assert session.run("SELECT count(*) FROM AttachedFiles") == [[11]]


def test_the_export_waits_for_a_rotation(indexed: Rotation, monkeypatch: pytest.MonkeyPatch):
    waits: list[float] = []
    attempts = iter(["wrong", "right"])
    monkeypatch.setattr(function.time, "sleep", waits.append)
    login = Server.login

    def login_refused_once(self: Server, user: str, password: str) -> Any:
        return login(self, user, password if next(attempts) == "right" else "of-the-other-user")

    monkeypatch.setattr(Server, "login", login_refused_once)
    assert export()["objects"] == 0
    assert waits == [function.PAUSE_SECONDS]


def test_credentials_that_are_always_refused_are_an_error(indexed: Rotation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(function.time, "sleep", lambda _: None)
    boto3.client("secretsmanager").put_secret_value(SecretId=indexed.arns["password"], SecretString="another")
    with pytest.raises(LoginRefusedError, match="cannot log in"):
        export()


def test_a_timeout_is_an_error_and_not_a_short_export(indexed: Rotation):
    fill(indexed)
    with pytest.raises(function.ExportError, match="out of time after 11 attachments"):
        function.handler({"bucket": BUCKET, "prefix": PREFIX}, Clock(1_000))


@pytest.mark.parametrize("event", [{}, {"bucket": "other", "prefix": PREFIX}, {"bucket": BUCKET, "prefix": "images/"}])
def test_it_writes_to_no_other_destination(indexed: Rotation, event: dict[str, str]):
    with pytest.raises(ValueError, match="only writes below s3://archive/studies/octank/dev/index/"):
        function.handler(event, Clock(600_000))
