"""Runs the account's API for as long as a rehearsal lasts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.environment import PROJECT, environment

ENDPOINT = "IMAGE_STORE_ACCOUNT"
"""The variable that holds the API's address, for the simulated provider."""

INDEX = "IMAGE_STORE_INDEX"
"""The variable that holds the path of Orthanc's index for the API: one JSON list a line."""

_TIMEOUT = 60  # seconds


def index_path(folder: Path) -> Path:
    """Path of Orthanc's index in the rehearsal at `folder`."""
    return folder / "index.jsonl"


@contextmanager
def run_server(folder: Path, account: str) -> Generator[str]:
    """Run the API of `account`; yield its address, or raise RuntimeError with its log if it does not start."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = folder / "account-port", folder / "account.txt"
    port.unlink(missing_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603  a module of this package
            [sys.executable, "-m", "rehearsal.account", str(port)],
            cwd=PROJECT,
            env=environment(folder) | {"MOTO_ACCOUNT_ID": account, INDEX: str(index_path(folder))},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        until = time.monotonic() + _TIMEOUT
        while not port.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the account's API did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port.read_text()}"
    finally:
        process.terminate()
        process.wait()
