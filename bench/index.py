"""Fills both databases with the same index of many instances.

The bare Orthanc receives every instance. Debian's old PostgreSQL plugin would need half an hour for that: it receives
one study, and its rows are copied in the database under the identifiers of the other studies. Both must then answer
every query alike. Copied instances refer to the files of the first study.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import urllib3
from pg8000.native import Connection

from bench.bodies import BOUNDARY, GROUP, GROUP_LIMIT, Body, day, identifier, patch_identifiers
from bench.k6 import Read
from bench.targets import BARE, FULL, Bench, Target
from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.processes.postgresql import DATABASE

RUN = "000000000001"
BATCH = 100  # studies a transaction
SENDERS = 4
DICOM_JSON = "application/dicom+json"
DERIVED = "RetrieveURL", "00081190"
"""Attributes that may differ: they contain the requested address."""

COPIES = (
    "INSERT INTO Resources (internalId, resourceType, publicId, parentId) "
    "SELECT r.internalId + c.n * :stride, r.resourceType, m.publicId, r.parentId + c.n * :stride "
    "FROM template_Resources r CROSS JOIN copy_range c JOIN copy_names m ON m.n = c.n AND m.internalId = r.internalId",
    "INSERT INTO MainDicomTags (id, tagGroup, tagElement, value) "
    "SELECT t.id + c.n * :stride, tagGroup, tagElement, copy_value(t.value, tagGroup, tagElement, c.n) "
    "FROM template_MainDicomTags t CROSS JOIN copy_range c",
    "INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value) "
    "SELECT t.id + c.n * :stride, tagGroup, tagElement, copy_value(t.value, tagGroup, tagElement, c.n) "
    "FROM template_DicomIdentifiers t CROSS JOIN copy_range c",
    "INSERT INTO Metadata (id, type, value, revision) "
    "SELECT id + c.n * :stride, type, value, revision FROM template_Metadata t CROSS JOIN copy_range c",
    "INSERT INTO AttachedFiles (id, fileType, uuid, compressedSize, uncompressedSize, compressionType, "
    "uncompressedHash, compressedHash, revision) SELECT id + c.n * :stride, fileType, uuid, compressedSize, "
    "uncompressedSize, compressionType, uncompressedHash, compressedHash, revision "
    "FROM template_AttachedFiles t CROSS JOIN copy_range c",
    "INSERT INTO Changes (seq, changeType, internalId, resourceType, date) "
    "SELECT seq + c.n * :stride, changeType, internalId + c.n * :stride, resourceType, date "
    "FROM template_Changes t CROSS JOIN copy_range c",
    "INSERT INTO PatientRecyclingOrder (seq, patientId) "
    "SELECT seq + c.n * :stride, patientId + c.n * :stride "
    "FROM template_PatientRecyclingOrder t CROSS JOIN copy_range c",
)
TABLES = (
    "Resources",
    "MainDicomTags",
    "DicomIdentifiers",
    "Metadata",
    "AttachedFiles",
    "Changes",
    "PatientRecyclingOrder",
)
STRIDE = "SELECT greatest((SELECT max(internalId) FROM Resources), (SELECT max(seq) FROM Changes))"


class FillError(RuntimeError):
    """The index does not have the expected content."""


def fill(bench: Bench, body: Body, instances: int, report: Callable[[str], None]) -> dict[str, Any]:
    """Fills both indexes with `instances`, a hundred a study, and compares them."""
    studies = max(1, instances // GROUP_LIMIT)
    started = time.monotonic()
    send(bench.targets[FULL], patch_identifiers(body, RUN, 0))
    with bench.store.database.connect_as_superuser(DATABASE) as session:
        copy_study(session, studies, report)
    copied = time.monotonic()
    bare = bench.targets[BARE]
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = pool.map(lambda group: send(bare, patch_identifiers(body, RUN, group)), range(studies))
        for number, _ in enumerate(sent, 1):
            if number % BATCH == 0 or number == studies:
                report(f"bare index: {number} of {studies} studies sent")
    done = {"postgresql_seconds": copied - started, "sqlite_seconds": time.monotonic() - copied}
    check(bench, studies)
    return {"instances": studies * GROUP_LIMIT, "studies": studies, **done}


def send(target: Target, data: bytes, *, chunked: bool = False) -> None:
    """Sends a body with STOW-RS; FillError unless all of it was stored."""
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    with target.client() as pool:
        headers = {**(pool.headers or {}), "Content-Type": kind, "Accept": DICOM_JSON}
        answer = pool.request("POST", "/dicom-web/studies", body=data, headers=headers, chunked=chunked, retries=False)
    if answer.status != HTTPStatus.OK or not acknowledged_uids(answer):
        raise FillError(f"{target.name} stored nothing: {answer.status} {answer.data[:200]!r}")


def public_id(*identifiers: str) -> str:
    """Orthanc's id of a patient, study, series or instance, from the DICOM identifiers of its levels.

    https://orthanc.uclouvain.be/book/faq/orthanc-ids.html
    """
    digest = hashlib.sha1("|".join(identifiers).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def copy_study(session: Connection, studies: int, report: Callable[[str], None]) -> None:
    """Copies the rows of the one study in the index `studies` - 1 times.

    Triggers are off, since they would update one row of counters millions of times; the counters are multiplied.
    """
    session.run("SET session_replication_role = replica")
    [[stride]] = session.run(STRIDE)
    for table in TABLES:
        session.run(f"CREATE TEMP TABLE template_{table} AS SELECT * FROM {table}")  # noqa: S608  constant names
    session.run(
        "CREATE FUNCTION pg_temp.copy_value(value text, a int, b int, n bigint) RETURNS text IMMUTABLE LANGUAGE sql"
        " AS $$"
        f" SELECT CASE WHEN a = 8 AND b = 32 THEN to_char(date '{day(0)}' + (n % 365)::int, 'YYYYMMDD')"
        f" ELSE replace(value, '{RUN}{0:0{GROUP}d}', '{RUN}' || lpad(n::text, {GROUP}, '0')) END $$"
    )
    names = _levels(session)
    session.run("CREATE TEMP TABLE copy_names (n bigint, internalId bigint, publicId text)")
    session.run("CREATE TEMP TABLE copy_range (n bigint)")
    for first in range(1, studies, BATCH):
        last = min(first + BATCH, studies) - 1
        session.run("BEGIN")
        session.run("TRUNCATE copy_names, copy_range")
        session.run(
            "INSERT INTO copy_range SELECT generate_series(:first ::bigint, :last ::bigint)", first=first, last=last
        )
        rows = "".join(_names(names, range(first, last + 1)))
        session.run("COPY copy_names FROM STDIN", stream=io.BytesIO(rows.encode()))
        session.run("ANALYZE copy_names")
        for statement in COPIES:
            session.run(statement.replace("copy_value(", "pg_temp.copy_value(").replace(":stride", str(stride)))
        session.run("COMMIT")
        report(f"PostgreSQL index: {last + 1} of {studies} studies copied")
    session.run(f"UPDATE GlobalIntegers SET value = value * {int(studies)} WHERE key <> 6")  # noqa: S608
    session.run("UPDATE GlobalIntegers SET value = (SELECT max(seq) FROM Changes) WHERE key = 6")
    for table, column in (("resources", "internalid"), ("changes", "seq"), ("patientrecyclingorder", "seq")):
        session.run(f"SELECT setval('{table}_{column}_seq', {int(stride) * int(studies)})")
    session.run("VACUUM ANALYZE")


def _levels(session: Connection) -> dict[int, tuple[str, int]]:
    """Level and position in the series of each row of the template."""
    known = {
        public_id(*_identifiers(0, level, index)): (level, index)
        for level, count in (("patient", 1), ("study", 1), ("series", 1), ("instance", GROUP_LIMIT))
        for index in range(count)
    }
    rows = session.run("SELECT internalId, publicId FROM Resources")
    if unknown := [public for _, public in rows if public not in known]:
        raise FillError(f"the index is not empty: {len(unknown)} resources are not of the template")
    return {internal: known[public] for internal, public in rows}


def _identifiers(group: int, level: str, index: int) -> list[str]:
    levels = ["patient", "study", "series", "instance"]
    return [identifier(one, RUN, group, index) for one in levels[: levels.index(level) + 1]]


def _names(names: dict[int, tuple[str, int]], groups: Sequence[int]) -> Iterator[str]:
    for group in groups:
        for internal, (level, index) in names.items():
            yield f"{group}\t{internal}\t{public_id(*_identifiers(group, level, index))}\n"


LIMIT = 50
"""Result limit of queries that match many studies."""


def queries(studies: int, each: int = 40) -> list[Read]:
    """QIDO-RS by patient, day, week, study, instances of a study, and a pattern with wildcards on both sides."""
    found = []
    for number in range(each):
        group = number * max(1, studies // each) % studies
        study, start = identifier("study", RUN, group), day(group)
        week = f"{start:%Y%m%d}-{day(min(group + 6, 364)):%Y%m%d}"
        paths = {
            "patient_id": f"studies?PatientID={identifier('patient', RUN, group)}",
            "study_date": f"studies?StudyDate={start:%Y%m%d}",
            "study_week": f"studies?StudyDate={week}&limit={LIMIT}",
            "study_uid": f"studies?StudyInstanceUID={study}",
            "instances_of_study": f"studies/{study}/instances",
            "wildcard": f"studies?PatientID=*{f'{group:08d}'[:-1]}*&limit={LIMIT}",
        }
        found += [
            Read(name=name, path=f"/dicom-web/{path}", accept=DICOM_JSON, min_bytes=100) for name, path in paths.items()
        ]
    return found


def check(bench: Bench, studies: int) -> None:
    """FillError unless both have the same count and give the same answer to each kind of query."""
    for name in (f"{BARE}-postgresql", BARE):
        with bench.targets[name].client() as pool:
            counted = pool.request("GET", "/statistics").json()["CountInstances"]
        if counted != studies * GROUP_LIMIT:
            raise FillError(f"{name} has {counted} instances instead of {studies * GROUP_LIMIT}")
    with bench.targets[FULL].client() as full, bench.targets[BARE].client() as bare:
        for one in queries(studies, each=3):
            answers = [_answer(pool, one) for pool in (full, bare)]
            limited = {len(answer) for answer in answers} == {LIMIT}  # each index may choose other studies
            if not answers[0] or (answers[0] != answers[1] and not limited):
                raise FillError(
                    f"{one.name}: the results differ or are empty: {len(answers[0])} and {len(answers[1])} items"
                )


def _answer(pool: urllib3.HTTPConnectionPool, one: Read) -> list[str]:
    answer = pool.request("GET", one.path, headers={**(pool.headers or {}), "Accept": one.accept})
    found = [{key: value for key, value in item.items() if key not in DERIVED} for item in answer.json()]
    return sorted(str(sorted(item.items())) for item in found)
