"""Starts the account's API for as long as a rehearsal lasts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.environment import PROJECT

ENDPOINT = "IMAGE_STORE_ACCOUNT"
"""Variable by which the simulated provider finds the API."""

INDEX = "IMAGE_STORE_INDEX"
"""Variable by which the API finds the rows of Orthanc's index, one JSON list a line."""

_PATIENCE = 60  # seconds


def index_of(folder: Path) -> Path:
    """The index of the rehearsal in `folder`."""
    return folder / "index.jsonl"


@contextmanager
def serving(folder: Path, account: str) -> Generator[str]:
    """Address of the API of `account`; RuntimeError with its log if it does not come up."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = folder / "account-port", folder / "account.txt"
    port.unlink(missing_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603  our own
            [sys.executable, "-m", "rehearsal.account", str(port)],
            cwd=PROJECT,
            env=os.environ | {"MOTO_ACCOUNT_ID": account, INDEX: str(index_of(folder))},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        until = time.monotonic() + _PATIENCE
        while not port.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the account's API did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port.read_text()}"
    finally:
        process.terminate()
        process.wait()


def credentials(endpoint: str, region: str) -> dict[str, str]:
    """Environment in which boto3 and the AWS CLI talk to the API and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
