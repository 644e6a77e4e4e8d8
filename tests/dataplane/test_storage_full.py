"""No room for a file: it is not acknowledged, and all is well when there is room again.

A process that may write no file larger than a limit meets the same failed writes as one whose disk is full, and that
can be had without root, in any container, while it runs.
"""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from dataplane import studies
from dataplane.container import Container
from dataplane.dicomweb import acknowledged
from dataplane.load import assert_index_is_whole
from dataplane.store import Store

ROOM = 256 * 2**10  # bytes: more than a log, less than an instance of 525 kB


@contextmanager
def limited(container: Container, size: int = ROOM) -> Generator[None]:
    """It may let no file grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    bound(container, (size, before[1]))
    try:
        yield
    finally:
        bound(container, before)


def bound(container: Container, limits: tuple[int, int]) -> None:
    """Sets the limits of all its processes that are ours."""
    for pid in container.processes:
        with suppress(PermissionError):  # nginx's workers, which have what their master had when they began
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def test_what_finds_no_room_is_not_acknowledged_and_can_be_sent_again(prod: Store):
    slices = studies.ct(3)
    small = studies.ct(1, size=64)[0]
    files = prod.files()
    for replica in prod.replicas:
        with limited(replica):
            for chunked in (False, True):
                answer = replica.client().store(*(one.data for one in slices), chunked=chunked)
                assert answer.status >= 400
                assert acknowledged(answer) == set()
            assert replica.healthy(), "reads and small files go on"
            assert acknowledged(replica.client().store(small.data)) == {small.uid}
    assert prod.client().search(StudyInstanceUID=slices[0].study) == []
    assert_index_is_whole(prod)
    assert all(replica.running for replica in prod.replicas)
    assert acknowledged(prod.client().store(*(one.data for one in slices))) == {one.uid for one in slices}
    for replica in prod.replicas:
        read = replica.client().retrieve(f"/dicom-web/studies/{slices[0].study}")
        assert sorted(read) == sorted(one.data for one in slices)
    assert prod.files() > files


def test_nginx_needs_no_room_for_bodies_and_answers(prod: Store):
    slices = studies.ct(8)
    with limited(prod.web):
        prod.web.send(signal.SIGHUP)  # its workers are new, and limited as it is
        time.sleep(1)
        for chunked in (False, True):
            answer = prod.client().store(*(one.data for one in slices), chunked=chunked)
            assert acknowledged(answer) == {one.uid for one in slices}
        read = prod.client().retrieve(f"/dicom-web/studies/{slices[0].study}")
        assert sorted(read) == sorted(one.data for one in slices)
    kept = [path for path in (prod.web.folder / "run" / "nginx").rglob("*") if path.is_file()]
    assert {path.name for path in kept} <= {"nginx.conf", "nginx.pid", "credential.conf"}
