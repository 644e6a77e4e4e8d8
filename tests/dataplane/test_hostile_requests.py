"""No request reaches Orthanc's own API or another method, or gets the text of an internal error."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest

from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.clients.raw import connect, head, read_all, statuses
from dataplane.samples import studies
from dataplane.samples.studies import Instance
from dataplane.store import Store

OWN_API = "/system /statistics /patients /studies/STUDY /tools/find /tools/now /dicom-web/servers /app/explorer.html /"
TRAVERSALS = (
    "/dicom-web/..{}",
    "/dicom-web/studies/../..{}",
    "/dicom-web/studies/%2e%2e/.%2E{}",
    "/dicom-web/studies/..%2f..{}",
    "/dicom-web/studies/%252e%252e/%252e%252e{}",
    "/dicom-web/studies/%c0%ae%c0%ae/%c0%ae%c0%ae{}",
    "/dicom-web/studies/..;/..;{}",
    "/dicom-web/studies/..%5c..{}",
    "/dicom-web/studies\\..\\..{}",
    "/dicom-web/studies#/../..{}",
    "/dicom-web/studies%23/../..{}",
    "/dicom-web/studies?/../..{}",
    "/dicom-web/studies/%00/../..{}",
    "/wado/..{}",
    "/wado#/..{}",
    "/{}",
    "https://store.example{}",
    "{}/../dicom-web/studies",
    "{}%2f..%2fdicom-web%2fstudies",
    "{};/../dicom-web/studies",
    "{}#/../dicom-web/studies",
)
"""Paths to `{}`, a path of Orthanc's own API, that nginx and Orthanc could interpret differently."""

HOSTILE = {
    "quote": "'",
    "double quote": '"',
    "always true": "' OR 1=1 --",
    "drop": "'; DROP TABLE resources; --",
    "wildcards": "*?%_**",
    "backslash": "\\",
    "nul": "\0",
    "line end": "\r\nX-Injected: 1\r\n\r\nGET /system HTTP/1.1",
    "unicode": "ŻÓŁĆ 😀\u202e",
    "not unicode": "\udcff",
    "long": "A" * 12_000,
    "too long": "A" * 40_000,
    "format": "%n%s{0}${jndi:x}",
    "markup": "<script>alert(1)</script>",
}
KEYS = ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "ModalitiesInStudy", "limit", "includefield")


@pytest.fixture(scope="module")
def kept(prod: Store) -> Iterator[Instance]:
    """An instance that no request may change."""
    [instance] = studies.ct_series(1, size=64)
    assert acknowledged_uids(prod.client().store(instance.data)) == {instance.uid}
    before = prod.query("SELECT count(*) FROM resources")
    yield instance
    assert prod.client().retrieve(instance.path) == [instance.data]
    assert prod.query("SELECT count(*) FROM resources") == before


def send(prod: Store, method: str, path: str, *lines: str) -> bytes:
    """The response to one request; the connection is closed after it."""
    web = prod.web
    with connect(web.port, host=web.host, authority=web.authority) as connection:
        with suppress(OSError):  # nginx may respond and close before it has read everything
            connection.sendall(head(method, path, "Content-Length: 0", *lines, "Connection: close", host=web.host))
        return read_all(connection)


def quote_path(value: str) -> str:
    return quote(value, safe="", errors="surrogateescape")


def orthanc_id(prod: Store, kept: Instance) -> str:
    answer = prod.replicas[0].client().request("GET", "/studies?expand")
    [found] = [one["ID"] for one in json.loads(answer.data) if one["MainDicomTags"]["StudyInstanceUID"] == kept.study]
    return found


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path_template", TRAVERSALS)
def test_no_path_reaches_the_api_of_orthanc(path_template: str, method: str, prod: Store, kept: Instance):
    study = orthanc_id(prod, kept)
    for own in OWN_API.replace("STUDY", study).split():
        for path in (path_template.format(own), path_template.format(own.replace("/", "%5c"))):
            answers = send(prod, method, path)
            assert len(statuses(answers)) == 1
            for revealed in (b"ApiVersion", b"CountInstances", b"MainDicomTags", study.encode(), b"Orthanc", b"T1"):
                assert revealed not in answers.split(b"\r\n\r\n", 1)[1], f"{path}: {answers!r}"


@pytest.mark.parametrize("lines", [(), ("X-HTTP-Method-Override: DELETE",), ("x-http-method-override: PUT",)])
@pytest.mark.parametrize(
    "query", ["", "?_method=DELETE", "?limit=1&_method=delete", "?%5Fmethod=DELETE", "?+_method=PUT"]
)
def test_a_method_cannot_be_overridden(query: str, lines: tuple[str, ...], prod: Store, kept: Instance):
    study = orthanc_id(prod, kept)
    for path in (f"/dicom-web/studies/..%5c..%5cstudies%5c{study}", f"/dicom-web/studies/{kept.study}", kept.path):
        [status] = statuses(send(prod, "GET", path + query, *lines))
        assert status in ({400} if query else {200, 404}), path
    assert statuses(send(prod, "POST", f"/dicom-web/studies#/../../studies/{study}", *lines)) == [415]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE", "CONNECT", "get", "POST"])
def test_other_methods_are_refused(method: str, prod: Store, kept: Instance):
    below = f"/dicom-web/studies/{kept.study}/series"
    for path in ("/dicom-web/studies", f"/dicom-web/studies/{kept.study}", below, kept.path, "/wado"):
        [status] = statuses(send(prod, method, path))
        stow = method == "POST" and path in {"/dicom-web/studies", f"/dicom-web/studies/{kept.study}"}
        assert status in ({415} if stow else {400, 403, 405}), path


def test_a_head_request_gets_only_a_head(prod: Store, kept: Instance):
    answers = send(prod, "HEAD", kept.path)
    assert statuses(answers) == [404]  # Orthanc does not support HEAD
    assert answers.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_finds_nothing_and_reveals_nothing(name: str, prod: Store, kept: Instance):
    for key, value in itertools.product(KEYS, (quote_path(HOSTILE[name]), "".join(HOSTILE[name].split()))):
        if not value.isascii():
            continue
        answers = send(prod, "GET", f"/dicom-web/studies?{key}={value}&StudyInstanceUID={kept.study}")
        [status] = statuses(answers)
        assert status in {200, 400, 414}, (key, answers)
        body = answers.split(b"\r\n\r\n", 1)[1]
        for revealed in (b"rror:", b"SQL", b"xception", b"Injected", b"ApiVersion", b"details"):
            assert revealed not in body, (key, body)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_path_is_refused(name: str, prod: Store, kept: Instance):
    value = quote_path(HOSTILE[name])
    for path in (f"/dicom-web/studies/{value}/metadata", f"/dicom-web/studies/{kept.study}/series/{value}"):
        [status] = statuses(send(prod, "GET", path))
        assert status in {400, 404, 414}, path


def test_valid_dicom_queries_find_the_instance(prod: Store, kept: Instance):
    for query in ("PatientName=ZEBRA*", "PatientID=PID-7731-Q?", "00100010=zebrafish^QUINCY", "&&limit=1&PatientSex=O"):
        assert statuses(send(prod, "GET", f"/dicom-web/series?{query}")) == [200]
        assert kept.study.encode() in send(prod, "GET", f"/dicom-web/studies?{query}&StudyInstanceUID={kept.study}")


def test_the_surface_of_dicomweb_is_reachable(prod: Store, kept: Instance):
    series = f"/dicom-web/studies/{kept.study}/series"
    for path in (
        series,
        f"{series}/",
        f"{series}/{kept.series}/metadata",
        f"{kept.path}/frames/1",
        f"{kept.path}/rendered",
    ):
        assert statuses(send(prod, "GET", path)) == [200], path
    wado = f"/wado?requestType=WADO&studyUID={kept.study}&seriesUID={kept.series}&objectUID={kept.uid}"
    assert statuses(send(prod, "GET", f"{wado}&contentType=application/dicom")) == [200]
