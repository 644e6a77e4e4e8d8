"""The measured targets: the store on this machine, and the same Orthanc with fewer and fewer parts around it."""

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
from dataplane.processes.ports import free_port
from dataplane.processes.replica import Replica
from dataplane.processes.tasks import Stack
from dataplane.processes.web import Web
from dataplane.store import Store, run_store

HARDENED = ("SslEnabled", "SslCertificate", "SslMinimumProtocolVersion", "SslCiphersAccepted", "RegisteredUsers")
FULL, BARE = "full", "bare"
DURABLE = {"fsync": "on", "synchronous_commit": "on"}
"""Off in tests; Aurora always waits for its storage."""

NEVER_STABLE = {"StableAge": 86_400}
"""Seconds. By default Orthanc would cache the metadata of stored series half a minute later, in another scenario."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One way to store and retrieve images. `processes` are the root processes of each program involved."""

    name: str
    title: str
    endpoint: Endpoint
    processes: Mapping[str, Sequence[int]]

    def client(self) -> urllib3.HTTPConnectionPool:
        """A connection pool for requests that are not measured."""
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


class BareOrthanc:
    """Orthanc over HTTP without authentication or proxy, otherwise configured like a replica.

    With `database` it shares the replica's index and files; without, it uses SQLite and its own folder.
    """

    def __init__(self, folder: Path, like: Replica, *, database: bool) -> None:
        folder.mkdir(parents=True)
        self.port, self.log = free_port(), folder / "log"
        local = json.loads((like.folder / "local.json").read_text())
        settings = json.loads((like.folder / "tmp" / "orthanc.json").read_text())
        (folder / "orthanc.json").write_text(json.dumps(self._configuration(settings, folder, database=database)))
        self.command = [*local["command"], str(folder / "orthanc.json")]
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **local["environment"]}
        if database:
            names = {"PGUSER": "PG_USER", "PGPASSWORD": "PG_PASSWORD"}  # as the entry point exports them
            self.environment |= {libpq: like.environment[variable] for libpq, variable in names.items()}

    def _configuration(self, settings: Mapping[str, Any], folder: Path, *, database: bool) -> dict[str, Any]:
        plain = {key: value for key, value in settings.items() if key not in HARDENED}
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
        """Starts Orthanc and returns its process id once it answers; TimeoutError with its log if it does not."""
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
        """Stops Orthanc, by force after 30 s."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All running targets by name, from the full store to the bare Orthanc."""

    store: Store
    targets: Mapping[str, Target]


@contextmanager
def run_targets(folder: Path, stack: Stack) -> Generator[Bench]:
    """Runs all targets in `folder`. All but the last share one index and one folder of files."""
    with ExitStack() as running:
        store = running.enter_context(
            run_store(folder / "store", stack, replicas=2, parameters=DURABLE, values=NEVER_STABLE)
        )
        first, second = store.replicas
        alone = Web(folder / "web-alone", stack.tasks["web"], [first.https])
        alone.start()
        running.callback(alone.kill)
        alone.wait()
        plain, pids = {}, {}
        for name in (f"{BARE}-postgresql", BARE):
            orthanc = BareOrthanc(folder / name, first, database=name != BARE)
            plain[name], pids[name] = orthanc, orthanc.start()
            running.callback(orthanc.stop)
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
                processes={"orthanc": [first.pid], **postgresql},
            ),
            Target(
                name=f"{BARE}-postgresql",
                title="bare Orthanc (HTTP, no authentication) with PostgreSQL",
                endpoint=Endpoint(port=plain[f"{BARE}-postgresql"].port),
                processes={"orthanc": [pids[f"{BARE}-postgresql"]], **postgresql},
            ),
            Target(
                name=BARE,
                title="bare Orthanc (HTTP, no authentication) with SQLite",
                endpoint=Endpoint(port=plain[BARE].port),
                processes={"orthanc": [pids[BARE]]},
            ),
        ]
        yield Bench(store=store, targets={one.name: one for one in targets})


def versions(bench: Bench) -> dict[str, str]:
    """Versions of the programs, from the running programs."""
    pool = bench.targets[BARE].client()
    system = pool.request("GET", "/system").json()
    shared = bench.targets[f"{BARE}-postgresql"].client()
    found = {"Orthanc": system["Version"]}
    for plugin, title in (("dicom-web", "Orthanc DICOMweb plugin"), ("postgresql-index", "Orthanc PostgreSQL plugin")):
        found[title] = str(shared.request("GET", f"/plugins/{plugin}").json().get("Version", "unknown"))
    [[server]] = bench.store.query("SHOW server_version")
    nginx = subprocess.run(  # noqa: S603  nginx of the web tier
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
        processes={"nginx": [web.pid], "orthanc": [one.pid for one in replicas], **postgresql},
    )
