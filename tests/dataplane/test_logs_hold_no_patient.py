"""No log contains patient data, whether requests succeed or fail."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
import urllib3
from pg8000.exceptions import DatabaseError

from dataplane.clients.associations import tls_context
from dataplane.clients.raw import connect, head, read_all
from dataplane.processes.postgresql import DATABASE
from dataplane.processes.web import Web
from dataplane.samples import studies
from dataplane.samples.studies import Instance
from dataplane.store import Store

ACCESSION, REFERRER, QUERY = "ACC-5519-ZZ", "HALIBUT^MARGOT", "queried-by-nobody"
PATIENT_DATA = (
    *studies.NAME.split("^"),
    studies.ID,
    ACCESSION,
    *REFERRER.split("^"),
    QUERY,
    "19700101",
    "PatientName=",
    "00100010=",
)
"""Texts that no log may contain, in any case or encoding."""

NAMED = f"PatientName={quote(studies.NAME)}&PatientID={studies.ID}&AccessionNumber={ACCESSION}&StudyDescription={QUERY}"


def instance() -> Instance:
    dataset = studies.ct_series(1, size=64)[0].dataset
    dataset.AccessionNumber, dataset.ReferringPhysicianName = ACCESSION, REFERRER
    return Instance.from_dataset(dataset)


def find_patient_data(log: str) -> list[str]:
    """Lines with any text of `PATIENT_DATA`."""
    forms = [
        form
        for text in PATIENT_DATA
        for form in (text, quote(text), base64.b64encode(text.encode()).decode().rstrip("="))
    ]
    pattern = re.compile("|".join(re.escape(form) for form in forms), re.IGNORECASE)
    return [line for line in log.splitlines() if pattern.search(line)]


@pytest.fixture
def prod(prod: Store) -> Iterator[Store]:
    """The store; after each test all its logs are searched."""
    before = {name: len(text) for name, text in prod.logs().items()}
    yield prod
    time.sleep(0.3)
    for name, text in prod.logs().items():
        assert find_patient_data(text) == [], name
    assert any(len(text) > before[name] for name, text in prod.logs().items()), "nothing was logged"


def test_patient_data_in_a_log_is_detected():
    for text in (NAMED, json.dumps({"query": NAMED}), "zebrafish^x", base64.b64encode(studies.ID.encode()).decode()):
        assert find_patient_data(f"one\n{text}\nthree") == [text]


def test_storing_searching_and_retrieving(prod: Store):
    one, client = instance(), prod.client()
    assert client.store(one.data).status == 200
    assert client.store(one.data, chunked=True).status == 200
    for path in ("studies", "series", "instances", f"studies/{one.study}/series"):
        assert client.request("GET", f"/dicom-web/{path}?{NAMED}&includefield=all").status == 200
    assert client.retrieve(one.path) == [one.data]
    for path in (f"/dicom-web/studies/{one.study}/metadata", f"{one.path}/rendered", f"{one.path}/frames/1"):
        assert client.request("GET", f"{path}?{NAMED}").status == 200


def test_requests_that_fail(prod: Store):
    one, client = instance(), prod.client()
    for broken in (one.data[:-5000], one.data[:900], b"no DICOM " + studies.NAME.encode()):
        assert client.store(broken).status >= 400
    for path in (
        f"studies/1.2.3/metadata?{NAMED}",
        f"studies?limit=x&{NAMED}",
        f"servers?{NAMED}",
        f"studies?_x=1&{NAMED}",
    ):
        assert client.request("GET", f"/dicom-web/{path}").status >= 400
    assert client.request("DELETE", f"/dicom-web/studies?{NAMED}").status == 403
    assert client.request("GET", f"/tools/find?{NAMED}").status == 404
    forged = (
        f"X-Y: {studies.NAME}",
        f"Referer: https://x/?{NAMED}",
        f"User-Agent: {studies.NAME}",
        f"Cookie: {studies.ID}",
    )
    with connect(prod.web.port, host=prod.web.host, authority=prod.web.authority, seconds=1) as connection:
        connection.sendall(head("GET", f"/dicom-web/studies?{NAMED}", *forged, f"Content-Length: {studies.ID}"))
        assert b"400" in read_all(connection)


def test_all_replicas_are_down(prod: Store):
    one, client = instance(), prod.client()
    for replica in prod.replicas:
        replica.kill()
    for _ in range(3):
        assert client.request("GET", f"/dicom-web/studies?{NAMED}").status == 502
        assert client.store(one.data).status == 502
    for replica in prod.replicas:
        replica.start()
    for replica in prod.replicas:
        replica.wait()


def test_the_database_is_down(prod: Store):
    one, client = instance(), prod.client()
    prod.database.stop("immediate")
    for _ in range(2):
        assert client.request("GET", f"/dicom-web/studies?{NAMED}").status >= 500
        assert client.store(one.data).status >= 400
    prod.database.start()


def test_statements_that_the_database_rejects(prod: Store):
    """As Orthanc's statements would fail on changed tables: the detail of such an error contains the row."""
    statements = (
        f"INSERT INTO maindicomtags VALUES (NULL, 16, 16, '{studies.NAME}')",  # noqa: S608
        f"INSERT INTO maindicomtags VALUES (-1, 16, 32, '{studies.ID}')",  # noqa: S608
        f"INSERT INTO missing VALUES ('{ACCESSION}')",  # noqa: S608
        f"SELECT 1 / length('') FROM maindicomtags WHERE value = '{REFERRER}'",  # noqa: S608
    )
    app = prod.stack.tasks["app"]
    with prod.database.connect(app.secrets["PG_USER"], app.secrets["PG_PASSWORD"], DATABASE) as session:
        for statement in statements:
            with suppress(DatabaseError):
                session.run(statement)
    assert "ERROR" in prod.database.log.read_text()


def test_two_writers_of_one_patient(prod: Store):
    slices = studies.ct_series(12, size=64)
    with ThreadPoolExecutor(4) as pool:
        clients = [replica.client() for replica in prod.replicas] * 2
        list(pool.map(lambda client: [client.store(one.data) for one in slices], clients))


def test_a_sender_stores_over_dicom(prod: Store, tmp_path: Path):
    center, [title, *_] = next(iter(prod.ae_titles().items()))
    tls, dataset = tls_context(tmp_path, prod.stack.senders[center]), instance().dataset
    with prod.replicas[0].associate(tls, calling=title, dataset=dataset) as association:
        assert association.send_c_store(dataset).Status == 0
    del dataset.SOPInstanceUID
    dataset.SOPInstanceUID = ""
    with (
        prod.replicas[0].associate(tls, calling=title, dataset=dataset) as association,
        suppress(ValueError, AttributeError),
    ):
        association.send_c_store(dataset)
    with prod.replicas[0].associate(tls, calling="ZEBRAFISH"[:4], dataset=dataset):
        pass


def test_nginx_runs_out_of_connections(tmp_path: Path, prod: Store):
    """nginx logs the request line with its most severe errors too."""
    few = {"worker_connections 2048": "worker_connections 10"}
    web = Web(tmp_path / "web", prod.stack.tasks["web"], [one.https for one in prod.replicas], replacements=few)
    web.start()
    web.wait()
    try:
        with ThreadPoolExecutor(24) as pool:
            list(pool.map(lambda _: search(web), range(72)))
        assert find_patient_data(web.log.read_text()) == []
        assert web.is_running
    finally:
        web.kill()


def search(web: Web) -> None:
    with suppress(urllib3.exceptions.HTTPError, OSError):
        web.client().request("GET", f"/dicom-web/studies?{NAMED}", timeout=3)
