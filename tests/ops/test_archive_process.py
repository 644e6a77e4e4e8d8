"""The command as a process, against moto's server: a run killed by SIGKILL is continued by the next one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from ops.plan.configuration import PROJECT
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.lock import STALE
from ops.study.store.target import camel_case
from tests.ops.conftest import ARCHIVE, REGION, Store
from tests.ops.faults import count_lost


@pytest.fixture
def command(store: Store, tmp_path: Path) -> Iterator[list[str]]:
    """The command line that archives the store."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    outputs = tmp_path / "outputs.json"
    outputs.write_text(
        json.dumps({"studyOutputs": {camel_case(name): value for name, value in vars(store.target).items()}})
    )
    endpoint = f"AWS_ENDPOINT_URL=http://{host}:{port}"
    yield ["env", endpoint, f"AWS_REGION={REGION}", sys.executable, "-m", "ops", "--outputs", str(outputs)]
    server.stop()


def arguments(command: list[str], name: str, *options: str) -> list[str]:
    return [*command[:-2], name, "--stack", "prod", *command[-2:], *options]


def age_lock(store: Store) -> None:
    """Makes the lock stale by moving its last heartbeat back, because moto's server has its own clock."""
    archive_store = ArchiveStore.for_target(store.target, store.clients.s3)
    holder = json.loads(archive_store.require("lock.json"))
    holder["renewed"] = (datetime.fromisoformat(holder["renewed"]) - STALE).isoformat()
    archive_store.put_json("lock.json", holder)


def test_a_killed_run_is_continued_by_the_next(store: Store, command: list[str]):
    for number in range(20):
        store.add(f"more {number}".encode())
    slow = arguments(command, "archive", "--workers", "1", "--rate", "5", "--json")
    process = subprocess.Popen(slow, cwd=PROJECT, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len([key for key, _ in store.versions(ARCHIVE) if "/objects/" in key]) < 8 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    copied = {pair for pair in store.versions(ARCHIVE) if "/objects/" in pair[0]}
    assert 8 <= len(copied) < 25
    assert not [key for key, _ in store.versions(ARCHIVE) if key.endswith("manifest.json")]
    refused = subprocess.run(
        arguments(command, "archive", "--json"), cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (refused.returncode, "If it was killed, add --take-over" in refused.stderr) == (1, True), refused.stderr
    age_lock(store)
    done = subprocess.run(
        arguments(command, "archive", "--take-over", "--json"), cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["objects"] == 25
    assert count_lost(store) == 0
    now = {pair for pair in store.versions(ARCHIVE) if "/objects/" in pair[0]}
    assert copied <= now
    assert len(now) == 25, "no object was copied twice"
    proved = subprocess.run(arguments(command, "verify"), cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (proved.returncode, proved.stdout.startswith("verified\n25 objects")) == (0, True), proved.stderr
