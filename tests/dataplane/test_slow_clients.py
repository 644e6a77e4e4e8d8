"""Slow and silent clients: all of them at once, as each takes longer than Orthanc's own patience of 30 s."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from dataplane import studies
from dataplane.dicomweb import PIECE, Client, acknowledged, parts
from dataplane.senders import associated, context, titles
from dataplane.store import Store
from dataplane.studies import Instance

SECONDS = 32
"""Longer than the 30 s after which Orthanc gives up by default."""

Slow = dict[str, Future[object]]


def trickle(instance: Instance, seconds: float) -> Iterator[bytes]:
    """A body that takes its time."""
    head = b"--edge\r\nContent-Type: application/dicom\r\n\r\n"
    size = -(-len(instance.data) // 16)
    yield head
    for place in range(0, len(instance.data), size):
        time.sleep(seconds / 16)
        yield instance.data[place : place + size]
    yield b"\r\n--edge--\r\n"


def upload(client: Client, instance: Instance) -> set[str]:
    kind = 'multipart/related; type="application/dicom"; boundary=edge'
    headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
    body = trickle(instance, SECONDS)
    return acknowledged(client.request("POST", "/dicom-web/studies", body=body, headers=headers, chunked=True))


def pausing(client: Client, path: str) -> list[bytes]:
    """Reads one piece, pauses, and reads the rest."""
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    answer = client.request("GET", path, headers={"Accept": accept}, preload_content=False)
    first = answer.read(PIECE)
    time.sleep(SECONDS)
    return list(parts(answer.headers["Content-Type"], first + answer.read()))


def silent(prod: Store, tls: ssl.SSLContext, title: str, instance: Instance) -> int:
    """An association that says nothing for long; Orthanc may close it, and a sender then opens another and stores."""
    dataset = instance.dataset
    with associated(prod, tls, calling=title, dataset=dataset, patience=2 * SECONDS) as association:
        assert association.is_established
        time.sleep(SECONDS)
    with associated(prod, tls, calling=title, dataset=dataset) as another:
        assert another.is_established
        return another.send_c_store(dataset).Status


@pytest.fixture(scope="module")
def big(prod: Store) -> Instance:
    """More than nginx and the sockets between hold for a reader that pauses."""
    instance = studies.multiframe(80)
    assert acknowledged(prod.client().store(instance.data)) == {instance.uid}
    return instance


@pytest.fixture(scope="module")
def small() -> dict[str, Instance]:
    return {name: studies.ct(1, size=256)[0] for name in ("upload", "silent")}


@pytest.fixture(scope="module")
def slow(
    prod: Store, big: Instance, small: dict[str, Instance], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slow]:
    folder: Path = tmp_path_factory.mktemp("sender")
    center, [title, *_] = next(iter(titles(prod).items()))
    tls = context(folder, prod.stack.senders[center])
    with ThreadPoolExecutor(3) as pool:
        yield {
            "upload": pool.submit(upload, prod.client(), small["upload"]),
            "pausing": pool.submit(pausing, prod.client(), big.path),
            "silent": pool.submit(silent, prod, tls, title, small["silent"]),
        }


def test_others_are_served_meanwhile(prod: Store, slow: Slow):
    assert not any(one.done() for one in slow.values())
    for one in studies.ct(4, size=64):
        assert acknowledged(prod.client().store(one.data)) == {one.uid}
        assert prod.client().retrieve(one.path) == [one.data]


def test_a_slow_upload_is_taken(prod: Store, slow: Slow, small: dict[str, Instance]):
    instance = small["upload"]
    assert slow["upload"].result(3 * SECONDS) == {instance.uid}
    assert prod.client().retrieve(instance.path) == [instance.data]


def test_a_reader_that_pauses_gets_all_of_it(slow: Slow, big: Instance):
    assert slow["pausing"].result(3 * SECONDS) == [big.data]


def test_after_a_silent_association_the_sender_is_served(prod: Store, slow: Slow, small: dict[str, Instance]):
    assert slow["silent"].result(3 * SECONDS) == 0
    assert len(prod.client().search(StudyInstanceUID=small["silent"].study)) == 1
