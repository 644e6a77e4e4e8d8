"""With a full disk a file is not acknowledged, and the store works again once there is space.

A limit on file sizes makes writes fail as a full disk does. It needs no root and can be set on a running process.
"""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.processes.container import Container
from dataplane.samples import studies
from dataplane.store import Store
from tests.dataplane.checks import assert_index_is_consistent

MAX_FILE_BYTES = 256 * 2**10  # more than a log, less than an instance of 525 kB


@contextmanager
def limit_file_size(container: Container, size: int = MAX_FILE_BYTES) -> Generator[None]:
    """Limits the files of a container's processes to `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    set_limits(container, (size, before[1]))
    try:
        yield
    finally:
        set_limits(container, before)


def set_limits(container: Container, limits: tuple[int, int]) -> None:
    """Sets the limits of all its processes of this user."""
    for pid in container.process_ids:
        with suppress(PermissionError):  # nginx's workers inherit the limits of their master
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def test_an_instance_without_disk_space_is_not_acknowledged_and_can_be_sent_again(prod: Store):
    slices = studies.ct_series(3)
    small = studies.ct_series(1, size=64)[0]
    files = prod.stored_files()
    for replica in prod.replicas:
        with limit_file_size(replica):
            for chunked in (False, True):
                answer = replica.client().store(*(one.data for one in slices), chunked=chunked)
                assert answer.status >= 400
                assert acknowledged_uids(answer) == set()
            assert replica.is_healthy(), "reads and small files still work"
            assert acknowledged_uids(replica.client().store(small.data)) == {small.uid}
    assert prod.client().search(StudyInstanceUID=slices[0].study) == []
    assert_index_is_consistent(prod)
    assert all(replica.is_running for replica in prod.replicas)
    assert acknowledged_uids(prod.client().store(*(one.data for one in slices))) == {one.uid for one in slices}
    for replica in prod.replicas:
        read = replica.client().retrieve(f"/dicom-web/studies/{slices[0].study}")
        assert sorted(read) == sorted(one.data for one in slices)
    assert prod.stored_files() > files


def test_nginx_needs_no_disk_space_for_bodies_and_responses(prod: Store):
    slices = studies.ct_series(8)
    with limit_file_size(prod.web):
        prod.web.send_signal(signal.SIGHUP)  # new workers inherit its limits
        time.sleep(1)
        for chunked in (False, True):
            answer = prod.client().store(*(one.data for one in slices), chunked=chunked)
            assert acknowledged_uids(answer) == {one.uid for one in slices}
        read = prod.client().retrieve(f"/dicom-web/studies/{slices[0].study}")
        assert sorted(read) == sorted(one.data for one in slices)
    kept = [path for path in (prod.web.folder / "run" / "nginx").rglob("*") if path.is_file()]
    assert {path.name for path in kept} <= {"nginx.conf", "nginx.pid", "credential.conf"}
