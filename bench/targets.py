"""What is measured: the store of prod on this machine, and the same Orthanc with less and less around it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from bench.k6 import LOOPBACK, Endpoint
from dataplane import store as stores
from dataplane.postgresql import free_port
from dataplane.replica import Replica
from dataplane.store import Store
from dataplane.web import Web

HARDENED = ("SslEnabled", "SslCertificate", "SslMinimumProtocolVersion", "SslCiphersAccepted", "RegisteredUsers")
FULL, BARE = "full", "bare"
DURABLE = {"fsync": "on", "synchronous_commit": "on"}
"""Tests switch this off; Aurora never does."""

UNSETTLED = {"StableAge": 86_400}
"""Seconds. Else the metadata of what one scenario stored would be cached half a minute later, in another scenario."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One way to the images. `processes` are the first processes of each program that takes part in it."""

    name: str
    title: str
    endpoint: Endpoint
    processes: Mapping[str, Sequence[int]]

    def client(self) -> urllib3.HTTPConnectionPool:
        """Connections to it, for what is not load."""
        one = self.endpoint
        if not one.authority:
            return urllib3.HTTPConnectionPool(LOOPBACK, one.port, maxsize=8, headers=one.headers, timeout=300)
        return urllib3.HTTPSConnectionPool(
            LOOPBACK,
            one.port,
            maxsize=8,
            headers={"Host": f"{one.host}:{one.port}", **one.headers},
            ca_certs=str(one.authority),
            assert_hostname=one.host,
            server_hostname=one.host,
            timeout=300,
        )


class Plain:
    """Orthanc over HTTP without authentication or proxy, otherwise as the replica it is derived from is configured.

    With `database` it shares the replica's index and files; without, it has SQLite and a folder of its own.
    """

    def __init__(self, folder: Path, like: Replica, *, database: bool) -> None:
        folder.mkdir(parents=True)
        self.port, self.log = free_port(), folder / "log"
        local = json.loads((like.folder / "local.json").read_text())
        made = json.loads((like.folder / "tmp" / "orthanc.json").read_text())
        (folder / "orthanc.json").write_text(json.dumps(self._configured(made, folder, database=database)))
        self.command = [*local["command"], str(folder / "orthanc.json")]
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **local["environment"]}
        if database:
            names = {"PGUSER": "PG_USER", "PGPASSWORD": "PG_PASSWORD"}  # as the entry point exports them
            self.environment |= {here: like.environment[there] for here, there in names.items()}

    def _configured(self, made: Mapping[str, Any], folder: Path, *, database: bool) -> dict[str, Any]:
        plain = {key: value for key, value in made.items() if key not in HARDENED}
        plain |= {
            "HttpPort": self.port,
            "HttpBindAddresses": [LOOPBACK],
            "RemoteAccessAllowed": False,  # loopback only
            "AuthenticationEnabled": False,
            "DicomServerEnabled": False,
            "DatabaseServerIdentifier": folder.name,
        }
        plain["DicomWeb"] = plain["DicomWeb"] | {"Ssl": False}
        if not database:
            plain.pop("PostgreSQL")
            plain["Plugins"] = [path for path in plain["Plugins"] if "PostgreSQL" not in path]
            plain |= {"StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "index")}
        return plain

    def start(self, timeout: float = 30) -> int:
        """Starts it, waits until it answers, and returns its process; TimeoutError with its log if it does not."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  Debian's Orthanc
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until = time.monotonic() + timeout
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib3.request("GET", f"http://{LOOPBACK}:{self.port}/changes?last", timeout=5, retries=False)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
            else:
                return self.process.pid
        raise TimeoutError(self.log.read_text()[-2000:])

    def stop(self) -> None:
        """Ends it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything that runs. `targets` by name, the full store first and the bare Orthanc last."""

    store: Store
    targets: Mapping[str, Target]


@contextmanager
def running(folder: Path) -> Generator[Bench]:
    """Starts all targets in `folder`, and stops them. All but the bare one share one index and one folder of files."""
    with ExitStack() as stack:
        store = stack.enter_context(stores.running(folder / "store", replicas=2, parameters=DURABLE, values=UNSETTLED))
        first, second = store.replicas
        alone = Web(folder / "web-alone", store.stack.tasks["web"], [first.https])
        alone.start()
        stack.callback(alone.kill)
        alone.wait()
        plain = {}
        for name in (f"{BARE}-postgresql", BARE):
            orthanc = Plain(folder / name, first, database=name != BARE)
            plain[name] = (orthanc, orthanc.start())
            stack.callback(orthanc.stop)
        data = Path(store.database.folder / "data" / "postmaster.pid").read_text().split()
        postgresql = {"postgresql": [int(data[0])]}
        credential = first.client().headers
        targets = [
            _target(FULL, "nginx, two replicas, PostgreSQL, TLS on every hop", store.web, [first, second], postgresql),
            _target("full-x1", "the same with one replica", alone, [first], postgresql),
            Target(
                name="direct",
                title="one replica with TLS and authentication, without nginx",
                endpoint=Endpoint(
                    port=first.https, host=first.host, authority=first.authority, headers=dict(credential)
                ),
                processes={"orthanc": [_pid(first)], **postgresql},
            ),
            Target(
                name=f"{BARE}-postgresql",
                title="bare Orthanc (HTTP, no authentication) with PostgreSQL",
                endpoint=Endpoint(port=plain[f"{BARE}-postgresql"][0].port),
                processes={"orthanc": [plain[f"{BARE}-postgresql"][1]], **postgresql},
            ),
            Target(
                name=BARE,
                title="bare Orthanc (HTTP, no authentication) with SQLite",
                endpoint=Endpoint(port=plain[BARE][0].port),
                processes={"orthanc": [plain[BARE][1]]},
            ),
        ]
        yield Bench(store=store, targets={one.name: one for one in targets})


def versions(bench: Bench) -> dict[str, str]:
    """Of each program, as it says itself."""
    pool = bench.targets[BARE].client()
    system = pool.request("GET", "/system").json()
    shared = bench.targets[f"{BARE}-postgresql"].client()
    found = {"Orthanc": system["Version"]}
    for plugin, title in (("dicom-web", "Orthanc DICOMweb plugin"), ("postgresql-index", "Orthanc PostgreSQL plugin")):
        found[title] = str(shared.request("GET", f"/plugins/{plugin}").json().get("Version", "unknown"))
    [[server]] = bench.store.rows("SHOW server_version")
    nginx = subprocess.run(  # noqa: S603  the web tier's own
        [str(bench.store.web.folder / "bin" / "nginx"), "-v"], capture_output=True, text=True, check=True
    )
    [number] = re.findall(r"nginx/(\S+)", nginx.stderr)
    return found | {"PostgreSQL": server.split()[0], "nginx": number}


def _target(
    name: str, title: str, web: Web, replicas: Sequence[Replica], postgresql: Mapping[str, Sequence[int]]
) -> Target:
    return Target(
        name=name,
        title=title,
        endpoint=Endpoint(port=web.port, host=web.host, authority=web.authority),
        processes={"nginx": [_pid(web)], "orthanc": [_pid(one) for one in replicas], **postgresql},
    )


def _pid(container: Web | Replica) -> int:
    """The program itself: entry points become what they start."""
    if container.process is None:
        raise RuntimeError(f"{container.folder.name} does not run")
    return container.process.pid
