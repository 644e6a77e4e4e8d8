"""Load by k6: the definition of a scenario, its run, and the figures in its summary.

k6 is configured to refuse every address outside loopback, even from a redirect. https://grafana.com/docs/k6/
"""

from __future__ import annotations

import ipaddress
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.bodies import GROUP_LIMIT, Body

PROGRAM = Path(sys.executable).with_name("k6")
SCRIPT = Path(__file__).with_name("load.js")
LOOPBACK = "127.0.0.1"
FORBIDDEN = [
    *(str(block) for block in IPv4Network("0.0.0.0/0").address_exclude(IPv4Network("127.0.0.0/8"))),
    "::/0",
]
MAX_REQUESTS, MAX_CLIENTS, MAX_SECONDS = 100_000, 64, 600
GRACE_SECONDS = 60  # added to a scenario's own limit before k6 is killed


class LoadError(RuntimeError):
    """The load could not be applied to a target."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A GET request. A response with fewer than `min_bytes` bytes counts as failed."""

    name: str
    path: str
    accept: str
    min_bytes: int


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`requests` in total by `clients` clients within `seconds`: STOW-RS of `body`, or else `reads` in turn."""

    name: str
    requests: int
    clients: int
    body: Body | None = None
    reads: Sequence[Read] = ()
    seconds: int = MAX_SECONDS

    def __post_init__(self) -> None:
        bounds = {"requests": MAX_REQUESTS, "clients": MAX_CLIENTS, "seconds": MAX_SECONDS}
        for name, maximum in bounds.items():
            if not 1 <= getattr(self, name) <= maximum:
                raise ValueError(f"{self.name}: {name} is {getattr(self, name)}, but must be 1 to {maximum}")
        if (self.body is None) == (not self.reads):
            raise ValueError(f"{self.name}: give either a body or reads")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Address of a target. `host` is the name on its certificate; TLS trusts only `authority`."""

    port: int
    host: str = LOOPBACK
    authority: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its URL without a path."""
        return f"{'https' if self.authority else 'http'}://{self.host}:{self.port}"

    @property
    def hosts(self) -> dict[str, str]:
        """Host names that k6 resolves by this table."""
        return {} if self.host == LOOPBACK else {f"{self.host}:{self.port}": f"{LOOPBACK}:{self.port}"}


def job(endpoint: Endpoint, scenario: Scenario, *, run: str, summary: Path) -> dict[str, Any]:
    """The job that `load.js` reads. Raises LoadError for a target outside loopback."""
    description = {
        "url": endpoint.url,
        "hosts": endpoint.hosts,
        "forbidden": FORBIDDEN,
        "headers": dict(endpoint.headers),
        "requests": scenario.requests,
        "clients": min(scenario.clients, scenario.requests),
        "seconds": scenario.seconds,
        "body": scenario.body and scenario.body.to_json(),
        "reads": [asdict(one) for one in scenario.reads],
        "series": scenario.body and GROUP_LIMIT - GROUP_LIMIT % scenario.body.parts,
        "run": run,
        "epoch": int(time.time() * 1000),
        "summary": str(summary),
    }
    require_loopback(description)
    return description


def require_loopback(description: Mapping[str, Any]) -> None:
    """Raises LoadError unless the job's address is on loopback, directly or by the job's table of hosts."""
    parts = urlsplit(description["url"])
    target = description["hosts"].get(parts.netloc, parts.netloc)
    address = urlsplit(f"//{target}").hostname or ""
    try:
        allowed = ipaddress.ip_address(address).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise LoadError(f"{description['url']} is not on loopback: load is only for this machine")


def new_run() -> str:
    """Twelve digits, unique on this machine: identifiers of the stored instances contain them."""
    time.sleep(0.1)
    return f"{int(time.time() * 10):012d}"


def run(endpoint: Endpoint, scenario: Scenario, folder: Path) -> tuple[dict[str, Any], float]:
    """Runs k6 and returns its figures and CPU seconds. LoadError with its last lines if it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    job_file, summary = folder / "job.json", folder / "summary.json"
    summary.unlink(missing_ok=True)
    job_file.write_text(json.dumps(job(endpoint, scenario, run=new_run(), summary=summary)))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "JOB": str(job_file)}
    environment |= {"K6_NO_USAGE_REPORT": "true", "NO_COLOR": "1"}
    if endpoint.authority:
        environment["SSL_CERT_FILE"] = str(endpoint.authority)
    command = [str(PROGRAM), "run", "--quiet", "--no-usage-report", "--address", f"{LOOPBACK}:0", str(SCRIPT)]
    before = _children()
    try:
        done = subprocess.run(  # noqa: S603  k6 of `make setup` with load.js
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=scenario.seconds + GRACE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{scenario.name}: k6 did not finish within {error.timeout:.0f} s") from error
    except OSError as error:
        raise LoadError(f"{PROGRAM}: {error.strerror}; install it with `make setup`") from error
    if done.returncode or not summary.exists():
        raise LoadError(f"{scenario.name}: k6 exited with status {done.returncode}: {_tail(done.stderr)}")
    measured = measurement(scenario, json.loads(summary.read_text()))
    if measured["failed"]:
        measured["messages"] = _tail(done.stderr)
    return measured, _children() - before


def version() -> str:
    """Version of k6."""
    printed = subprocess.run([str(PROGRAM), "version"], capture_output=True, text=True, check=True)  # noqa: S603
    return printed.stdout.split()[1].removeprefix("v")


def measurement(scenario: Scenario, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Figures of one run from k6's metrics. Raises LoadError unless all requests were sent."""
    done = int(metrics.get("done", {}).get("count", 0))
    if done != scenario.requests:
        raise LoadError(f"{scenario.name}: {done} of {scenario.requests} requests within {scenario.seconds} s")
    failed = int(metrics["failed"]["count"])
    seconds = (metrics["ended"]["max"] - metrics["began"]["min"]) / 1000
    if seconds <= 0:
        raise LoadError(f"{scenario.name}: no time passed between the first and the last request")
    return {
        "requests": done,
        "failed": failed,
        "seconds": seconds,
        "per_second": (done - failed) / seconds,
        "mb_per_second": metrics["received"]["count"] / seconds / 1e6,
        "instances": (done - failed) * (scenario.body.parts if scenario.body else 1),
        "ms": percentiles(metrics["duration"]),
        "first_byte_ms": percentiles(metrics["first_byte"]),
        "named_ms": {
            name.removeprefix("named_"): percentiles(values)
            for name, values in metrics.items()
            if name.startswith("named_")
        },
    }


def percentiles(values: Mapping[str, float]) -> dict[str, float]:
    """The percentiles of the document, in ms."""
    return {"p50": values["med"], "p95": values["p(95)"], "p99": values["p(99)"], "max": values["max"]}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tail(text: str) -> str:
    return " | ".join(text.strip().splitlines()[-5:])
