"""A body without a valid study is refused, and nothing of a refused body is stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dataplane.clients.dicomweb import DICOM, JSON, acknowledged_uids
from dataplane.samples import studies
from dataplane.store import Store, run_store
from ops.render import RenderedStack

LIMIT_MB = 1
MULTIPART = f'multipart/related; type="{DICOM}"; boundary=edge'
OVER = studies.ct_series(1, size=800)[0]
ONE = studies.ct_series(1, size=64)[0]


def part(data: bytes, kind: str = DICOM, boundary: str = "edge") -> bytes:
    return f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + data + f"\r\n--{boundary}--\r\n".encode()


REFUSED = {
    "not DICOM": (MULTIPART, part(b"hello"), 400),
    "truncated in its header": (MULTIPART, part(ONE.data[:200]), 400),
    "truncated in its pixels": (MULTIPART, part(ONE.data[:-5000]), 400),
    "without identifiers": (MULTIPART, part(ONE.data[:132] + bytes(400)), 400),
    "an empty part": (MULTIPART, part(b""), 400),
    "no content type": ("", part(ONE.data), 415),
    "JSON": ("application/json", b"{}", 415),
    "metadata as JSON": (f'multipart/related; type="{JSON}"; boundary=edge', part(ONE.data), 415),
    "a bare file": (DICOM, ONE.data, 415),
    "no boundary": (f'multipart/related; type="{DICOM}"', part(ONE.data), 415),
}
NOTHING = {
    "an empty body": (MULTIPART, b""),
    "another boundary": (MULTIPART, part(ONE.data, boundary="other")),
    "no last boundary": (MULTIPART, part(ONE.data)[:-8]),
    "parts of another type": (MULTIPART, part(ONE.data, kind="text/plain")),
    "noise": (MULTIPART, bytes(range(256)) * 64),
}
"""Orthanc answers 200 and lists no instance: only a listed instance is acknowledged."""


@pytest.fixture(scope="module")
def prod(stack: RenderedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store with a small body limit."""
    small = {"client_max_body_size 4096m;": f"client_max_body_size {LIMIT_MB}m;"}
    with run_store(tmp_path_factory.mktemp("prod"), stack, replicas=1, web_replacements=small) as store:
        yield store


def store_body(prod: Store) -> tuple[int, int]:
    [[rows]] = prod.query("SELECT count(*) FROM resources")
    return rows, len(prod.stored_files())


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("name", REFUSED)
def test_a_body_without_a_valid_study_is_refused(name: str, prod: Store, *, chunked: bool):
    kind, body, status = REFUSED[name]
    before, headers = store_body(prod), {"Accept": JSON} | ({"Content-Type": kind} if kind else {})
    sent = iter([body]) if chunked else body
    answer = prod.client().request("POST", "/dicom-web/studies", body=sent, headers=headers, chunked=chunked)
    assert (answer.status, acknowledged_uids(answer)) == (status, set())
    assert store_body(prod) == before


@pytest.mark.parametrize("name", NOTHING)
def test_a_body_without_a_study_is_not_acknowledged(name: str, prod: Store):
    (kind, body), before = NOTHING[name], store_body(prod)
    headers = {"Accept": JSON, "Content-Type": kind}
    answer = prod.client().request("POST", "/dicom-web/studies", body=body, headers=headers)
    assert acknowledged_uids(answer) == set()
    assert store_body(prod) == before


def test_acknowledged_instances_of_a_mixed_body_are_stored(prod: Store):
    good, bad = studies.ct_series(2, size=64)
    answer = prod.client().store(good.data, bad.data[:300], b"no DICOM")
    assert answer.status in {202, 400}
    assert good.uid.encode() in answer.data
    assert bad.uid.encode() not in answer.data
    assert prod.client().retrieve(good.path) == [good.data]


def test_an_instance_of_another_study_than_in_the_path_is_not_acknowledged(prod: Store):
    one, other = studies.ct_series(1, size=64) + studies.ct_series(1, size=64)
    assert acknowledged_uids(prod.client().store(one.data, study=other.study)) == set()
    assert prod.client().search(StudyInstanceUID=one.study) == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_before_it_is_stored(prod: Store, *, chunked: bool):
    assert len(OVER.data) > LIMIT_MB * 2**20
    before = store_body(prod)
    answer = prod.client().store(OVER.data, chunked=chunked)
    assert answer.status == 413
    assert store_body(prod) == before
    lines = prod.access_log(413)
    # The size of a chunked body is known at its end: nginx then aborts the request to Orthanc.
    assert {line["upstream_status"] for line in lines} <= {"", "-"}, "Orthanc answered the request"
    if not chunked:
        assert lines[-1]["upstream"] == "", "the request reached Orthanc"
