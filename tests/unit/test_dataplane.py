"""Containers of the data plane report why they cannot run; multipart payloads are read by their length."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataplane.clients.dicomweb import multipart, parts
from dataplane.processes.container import Container, ProcessError


class Healthy(Container):
    """A container whose health check gives a fixed result."""

    health = False

    def is_healthy(self) -> bool:
        return self.health


def container(folder: Path, script: str) -> Healthy:
    """A container with another entry point."""
    task = Healthy(folder / "nginx", image="nginx", environment={}, replacements={})
    task.entry.write_text(f"#!/bin/sh\n{script}\n")
    return task


def test_a_replacement_that_replaces_nothing_is_an_error(tmp_path: Path):
    with pytest.raises(ProcessError, match=r"nginx do not contain \['/no/such/path'\]"):
        Container(tmp_path / "x", image="nginx", environment={}, replacements={"/no/such/path": "/tmp"})


def test_replacements_apply_to_entry_point_and_environment(tmp_path: Path):
    replacements = {"/run/tls": "/elsewhere", "example.org": "localhost"}
    task = Container(tmp_path / "x", image="nginx", environment={"HOST": "example.org"}, replacements=replacements)
    assert "/elsewhere" in task.entry.read_text()
    assert task.environment["HOST"] == "localhost"


def test_a_container_that_was_never_started_has_no_process(tmp_path: Path):
    task = container(tmp_path, "true")
    for call in (task.wait, task.kill, task.stop, lambda: task.pid, lambda: task.process_ids):
        with pytest.raises(ProcessError, match="nginx was never started"):
            call()


def test_an_exit_is_reported_with_status_and_log(tmp_path: Path):
    task = container(tmp_path, "echo no certificate; exit 3")
    task.start()
    with pytest.raises(ProcessError, match="nginx exited with status 3: no certificate"):
        task.wait()


def test_a_failing_health_check_is_reported_with_the_log(tmp_path: Path):
    task = container(tmp_path, "echo starting; exec sleep 60")
    task.start()
    try:
        with pytest.raises(ProcessError, match="nginx is already running"):
            task.start()
        with pytest.raises(TimeoutError, match=r"nginx is not healthy after 0\.5 s"):
            task.wait(0.5)
        task.health = True
        task.wait()
        assert task.process_ids[0] == task.pid
    finally:
        task.kill()
    assert not task.is_running


def test_a_multipart_payload_may_contain_its_boundary():
    body = b"".join(multipart([b"--edge\r\n", b"second"], "edge"))
    sized = body.replace(b"application/dicom\r\n", b"application/dicom\r\nContent-Length: 8\r\n", 1)
    sized = sized.replace(b"application/dicom\r\n\r\nsecond", b"application/dicom\r\nContent-Length: 6\r\n\r\nsecond")
    assert list(parts('multipart/related; boundary="edge"', sized)) == [b"--edge\r\n", b"second"]
