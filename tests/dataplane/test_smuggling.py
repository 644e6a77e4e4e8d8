"""nginx forwards each request as exactly one request, normalized, whatever the client sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane.clients.raw import connect, head, read_all, statuses
from dataplane.processes.tasks import certificate_name
from dataplane.processes.web import Web
from dataplane.samples import studies
from dataplane.store import Store
from ops.render import RenderedStack
from tests.dataplane.recorder import Recorder, run_recorder

STUDIES = "/dicom-web/studies"
HIDDEN = b"GET /dicom-web/instances?hidden=1 HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED_HIDDEN = b"0\r\n\r\n" + HIDDEN

AMBIGUOUS = {
    "CL.TE": (("Content-Length: 6", "Transfer-Encoding: chunked"), CHUNKED_HIDDEN),
    "TE.CL": (("Transfer-Encoding: chunked", "Content-Length: 4"), b"5c\r\n" + HIDDEN + b"\r\n0\r\n\r\n"),
    "two lengths": (("Content-Length: 0", f"Content-Length: {len(HIDDEN)}"), HIDDEN),
    "a list of lengths": ((f"Content-Length: 0, {len(HIDDEN)}",), HIDDEN),
    "a signed length": (("Content-Length: +5",), b"12345"),
    "a hexadecimal length": (("Content-Length: 0x5",), b"12345"),
    "a negative length": (("Content-Length: -1",), HIDDEN),
    "a huge length": (("Content-Length: 99999999999999999999",), HIDDEN),
    "space before the colon": (("Transfer-Encoding : chunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "TE of two codings": (("Transfer-Encoding: chunked, identity",), CHUNKED_HIDDEN),
    "TE of another coding": (("Transfer-Encoding: xchunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "two TEs": (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), CHUNKED_HIDDEN),
    "TE after a tab": (("Transfer-Encoding:\tchunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "TE with a vertical tab": (("Transfer-Encoding: \x0bchunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "folded TE": (("X: y", " Transfer-Encoding: chunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "folded value": (("Transfer-Encoding:", " chunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "bare line feed": (("X: y\nTransfer-Encoding: chunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "bare carriage return": (("X: y\rTransfer-Encoding: chunked", "Content-Length: 5"), CHUNKED_HIDDEN),
    "TE in an old version": (("Transfer-Encoding: chunked\r\nX: HTTP/1.0", "Content-Length: 5"), CHUNKED_HIDDEN),
    "a size that overflows": (("Transfer-Encoding: chunked",), b"10000000000000000\r\n" + HIDDEN),
    "a size that is none": (("Transfer-Encoding: chunked",), b"g\r\n" + HIDDEN),
    "two hosts": (("Host: other", "Content-Length: 0"), b""),
    "an underscore": (("Content_Length: 50", "Transfer_Encoding: chunked", "Content-Length: 0"), b""),
}

FORGED = (
    "Authorization: Bearer forged-token",
    "X-Amzn-Oidc-Identity: forged-identity",
    "X-Amzn-Oidc-Data: forged.data.x",
    "X-Amzn-Oidc-Accesstoken: forged-access",
    "Cookie: AWSELBAuthSessionCookie-0=forged-session",
    "Forwarded: for=forged-address",
    "X-Request-Id: forged-request",
    "X-HTTP-Method-Override: DELETE",
)


@pytest.fixture
def behind(stack: RenderedStack, tmp_path: Path) -> Iterator[tuple[Web, Recorder]]:
    """nginx of prod in front of a recorder with the certificate of the app tier."""
    bundle = json.loads(stack.tasks["app"].secrets["TLS_BUNDLE"])
    (tmp_path / "app.crt").write_text(bundle["certificate"])
    (tmp_path / "app.key").write_text(bundle["privateKey"])
    with run_recorder(tmp_path / "app.crt", tmp_path / "app.key") as recorder:
        web = Web(tmp_path / "web", stack.tasks["web"], [recorder.port])
        web.start()
        web.wait()
        yield web, recorder
        web.kill()


def send(web: Web, data: bytes) -> bytes:
    with connect(web.port, host=web.host, authority=web.authority, seconds=1) as connection:
        connection.sendall(data)
        return read_all(connection)


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_an_ambiguous_request_is_not_forwarded_as_two(name: str, behind: tuple[Web, Recorder]):
    web, recorder = behind
    lines, body = AMBIGUOUS[name]
    answers = statuses(send(web, head("POST", STUDIES, *lines, host=web.host) + body))
    # A pipelined second request is checked by itself; it must never be the rest of the first one.
    assert [one for one in answers if one not in {200, 400, 501}] in ([], [413])
    sent = [request.split(b"\r\n", 1)[0] for request in recorder.requests]
    assert sent.count(b"GET /dicom-web/instances?hidden=1 HTTP/1.1") == answers[1:].count(200)
    for request in recorder.requests:
        framing = [line for line in request.lower().split(b"\r\n") if b"content-length" in line or b"encoding" in line]
        assert len(framing) <= 1, framing
        assert b"\r\n " not in request
        assert b"\n" not in request.replace(b"\r\n", b"")


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_no_response_reaches_another_client(name: str, prod: Store):
    [kept] = studies.ct_series(1, size=64)
    client = prod.client()
    assert client.store(kept.data).status == 200
    lines, body = AMBIGUOUS[name]
    for _ in range(2):
        send(prod.web, head("POST", STUDIES, *lines, host=prod.web.host) + body)
        found = client.search(StudyInstanceUID=kept.study)
        assert [one["00080018"]["Value"] for one in found] == [[kept.uid]]
        assert prod.client().retrieve(kept.path) == [kept.data]


def test_identity_headers_of_a_client_are_not_forwarded(behind: tuple[Web, Recorder], stack: RenderedStack):
    web, recorder = behind
    for method in ("GET", "POST"):
        send(web, head(method, STUDIES, *FORGED, "Content-Length: 0", host=web.host))
        twice = head(method, STUDIES, *FORGED, "authorization: Basic forged", "Content-Length: 0", host=web.host)
        assert statuses(send(web, twice)) == [400]
    assert len(recorder.requests) == 2
    for request in recorder.requests:
        assert b"forged" not in request
        assert b"override" not in request.lower()
        credentials = [line for line in request.split(b"\r\n") if line.lower().startswith(b"authorization:")]
        assert credentials == [b"Authorization: " + stack.tasks["web"].secrets["ORTHANC_CREDENTIAL"].encode()]


@pytest.mark.parametrize("injected", ["%0d%0aAuthorization:%20forged", "%0aX-Forged:%201", "%0d%0a%0d%0aGET%20/forged"])
def test_a_line_break_in_a_path_or_query_adds_no_header(injected: str, behind: tuple[Web, Recorder]):
    web, recorder = behind
    for path in (f"{STUDIES}/{injected}", f"{STUDIES}?PatientName={injected}", f"/wado{injected}"):
        send(web, head("GET", path, host=web.host))
    for request in recorder.requests:
        assert all(line.split(b":")[0] not in {b"X-Forged"} for line in request.split(b"\r\n"))
        assert b"forged" not in b"\r\n".join(request.split(b"\r\n")[1:])
    assert len(recorder.requests) <= 1


def test_orthanc_gets_the_path_that_nginx_checked(behind: tuple[Web, Recorder]):
    web, recorder = behind
    for path in ("/x/..%2fdicom-web//studies/./1.2?a=%41#/../b", "/x%5c../../dicom-web/%73tudies/1.2?a=%41"):
        send(web, head("GET", path, host=web.host))
    assert {one.split(b"\r\n")[0] for one in recorder.requests} == {b"GET /dicom-web/studies/1.2?a=%41 HTTP/1.1"}


def test_the_upstream_name_is_the_name_on_the_certificate(behind: tuple[Web, Recorder], stack: RenderedStack):
    web, _ = behind
    assert web.upstream == certificate_name(stack.tasks["app"])
