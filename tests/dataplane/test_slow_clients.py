"""Slow and silent clients, all at once: each takes longer than Orthanc's default timeout of 30 s."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from dataplane.clients.associations import tls_context
from dataplane.clients.dicomweb import CHUNK_BYTES, Client, acknowledged_uids, parts
from dataplane.samples import studies
from dataplane.samples.studies import Instance
from dataplane.store import Store

SECONDS = 32
"""Longer than Orthanc's default timeout of 30 s."""

Slow = dict[str, Future[object]]


def trickle(instance: Instance, seconds: float) -> Iterator[bytes]:
    """A body that is sent over `seconds`."""
    head = b"--edge\r\nContent-Type: application/dicom\r\n\r\n"
    size = -(-len(instance.data) // 16)
    yield head
    for start in range(0, len(instance.data), size):
        time.sleep(seconds / 16)
        yield instance.data[start : start + size]
    yield b"\r\n--edge--\r\n"


def upload(client: Client, instance: Instance) -> set[str]:
    kind = 'multipart/related; type="application/dicom"; boundary=edge'
    headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
    body = trickle(instance, SECONDS)
    return acknowledged_uids(client.request("POST", "/dicom-web/studies", body=body, headers=headers, chunked=True))


def retrieve_with_pause(client: Client, path: str) -> list[bytes]:
    """Reads one chunk, pauses, and reads the rest."""
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    answer = client.request("GET", path, headers={"Accept": accept}, preload_content=False)
    first = answer.read(CHUNK_BYTES)
    time.sleep(SECONDS)
    return list(parts(answer.headers["Content-Type"], first + answer.read()))


def store_after_silence(prod: Store, tls: ssl.SSLContext, title: str, instance: Instance) -> int:
    """Opens an association that stays silent, which Orthanc may close, and then stores over a new one."""
    dataset = instance.dataset
    with prod.replicas[0].associate(tls, calling=title, dataset=dataset, timeout=2 * SECONDS) as association:
        assert association.is_established
        time.sleep(SECONDS)
    with prod.replicas[0].associate(tls, calling=title, dataset=dataset) as another:
        assert another.is_established
        return another.send_c_store(dataset).Status


@pytest.fixture(scope="module")
def big(prod: Store) -> Instance:
    """Larger than the buffers of nginx and the sockets together."""
    instance = studies.multiframe(80)
    assert acknowledged_uids(prod.client().store(instance.data)) == {instance.uid}
    return instance


@pytest.fixture(scope="module")
def small() -> dict[str, Instance]:
    return {name: studies.ct_series(1, size=256)[0] for name in ("upload", "silent")}


@pytest.fixture(scope="module")
def slow(
    prod: Store, big: Instance, small: dict[str, Instance], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slow]:
    folder: Path = tmp_path_factory.mktemp("sender")
    center, [title, *_] = next(iter(prod.ae_titles().items()))
    tls = tls_context(folder, prod.stack.senders[center])
    with ThreadPoolExecutor(3) as pool:
        yield {
            "upload": pool.submit(upload, prod.client(), small["upload"]),
            "pause": pool.submit(retrieve_with_pause, prod.client(), big.path),
            "silent": pool.submit(store_after_silence, prod, tls, title, small["silent"]),
        }


def test_other_clients_are_served_meanwhile(prod: Store, slow: Slow):
    assert not any(one.done() for one in slow.values())
    for one in studies.ct_series(4, size=64):
        assert acknowledged_uids(prod.client().store(one.data)) == {one.uid}
        assert prod.client().retrieve(one.path) == [one.data]


def test_a_slow_upload_succeeds(prod: Store, slow: Slow, small: dict[str, Instance]):
    instance = small["upload"]
    assert slow["upload"].result(3 * SECONDS) == {instance.uid}
    assert prod.client().retrieve(instance.path) == [instance.data]


def test_a_paused_retrieval_gets_the_whole_instance(slow: Slow, big: Instance):
    assert slow["pause"].result(3 * SECONDS) == [big.data]


def test_a_sender_can_store_after_a_silent_association(prod: Store, slow: Slow, small: dict[str, Instance]):
    assert slow["silent"].result(3 * SECONDS) == 0
    assert len(prod.client().search(StudyInstanceUID=small["silent"].study)) == 1
