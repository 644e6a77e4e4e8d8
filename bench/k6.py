"""Load by k6: what a scenario is, how it is run, and what its summary says.

k6 is told to refuse every address outside loopback, whatever a target or a redirect names. https://grafana.com/docs/k6/
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
GRACE = 60  # seconds beyond a scenario's own bound before k6 is ended


class LoadError(RuntimeError):
    """The load could not be put on a target."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A GET. `least` is the number of bytes below which an answer is wrong."""

    name: str
    path: str
    accept: str
    least: int


@dataclass(frozen=True, kw_only=True)
class Work:
    """`requests` in all, by `clients` at a time, for `seconds` at most: STOW-RS of `body`, else `reads` in turn."""

    name: str
    requests: int
    clients: int
    body: Body | None = None
    reads: Sequence[Read] = ()
    seconds: int = MAX_SECONDS

    def __post_init__(self) -> None:
        bounds = {"requests": MAX_REQUESTS, "clients": MAX_CLIENTS, "seconds": MAX_SECONDS}
        for name, most in bounds.items():
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{self.name}: {name} is {getattr(self, name)}, and must be 1 to {most}")
        if (self.body is None) == (not self.reads):
            raise ValueError(f"{self.name}: either a body or reads")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a target listens. `host` is the name that its certificate is for; TLS trusts `authority` alone."""

    port: int
    host: str = LOOPBACK
    authority: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"{'https' if self.authority else 'http'}://{self.host}:{self.port}"

    @property
    def hosts(self) -> dict[str, str]:
        """What k6 resolves by itself."""
        return {} if self.host == LOOPBACK else {f"{self.host}:{self.port}": f"{LOOPBACK}:{self.port}"}


def job(endpoint: Endpoint, work: Work, *, run: str, summary: Path) -> dict[str, Any]:
    """What `load.js` reads. Raises LoadError for a target outside loopback."""
    described = {
        "url": endpoint.url,
        "hosts": endpoint.hosts,
        "forbidden": FORBIDDEN,
        "headers": dict(endpoint.headers),
        "requests": work.requests,
        "clients": min(work.clients, work.requests),
        "seconds": work.seconds,
        "body": work.body and work.body.to_json(),
        "reads": [asdict(one) for one in work.reads],
        "series": work.body and GROUP_LIMIT - GROUP_LIMIT % work.body.parts,
        "run": run,
        "epoch": int(time.time() * 1000),
        "summary": str(summary),
    }
    on_loopback(described)
    return described


def on_loopback(described: Mapping[str, Any]) -> None:
    """Raises LoadError unless the job's address is of loopback, by itself or by the job's own table of hosts."""
    parts = urlsplit(described["url"])
    place = described["hosts"].get(parts.netloc, parts.netloc)
    address = urlsplit(f"//{place}").hostname or ""
    try:
        allowed = ipaddress.ip_address(address).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise LoadError(f"{described['url']} is not on loopback: load is for this machine alone")


def new_run() -> str:
    """Twelve digits that no other run on this machine has: identifiers of what it stores begin with them."""
    time.sleep(0.1)
    return f"{int(time.time() * 10):012d}"


def run(endpoint: Endpoint, work: Work, folder: Path) -> tuple[dict[str, Any], float]:
    """Runs k6; what it measured, and the CPU seconds it took. LoadError with its last lines if it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    described, summary = folder / "job.json", folder / "summary.json"
    summary.unlink(missing_ok=True)
    described.write_text(json.dumps(job(endpoint, work, run=new_run(), summary=summary)))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "JOB": str(described)}
    environment |= {"K6_NO_USAGE_REPORT": "true", "NO_COLOR": "1"}
    if endpoint.authority:
        environment["SSL_CERT_FILE"] = str(endpoint.authority)
    command = [str(PROGRAM), "run", "--quiet", "--no-usage-report", "--address", f"{LOOPBACK}:0", str(SCRIPT)]
    before = _children()
    try:
        done = subprocess.run(  # noqa: S603  our own program and script
            command, env=environment, capture_output=True, text=True, check=False, timeout=work.seconds + GRACE
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{work.name}: k6 did not end within {error.timeout:.0f} s") from error
    except OSError as error:
        raise LoadError(f"{PROGRAM}: {error.strerror}; `make setup` installs it") from error
    if done.returncode or not summary.exists():
        raise LoadError(f"{work.name}: k6 ended with {done.returncode}: {_tail(done.stderr)}")
    measured = measurement(work, json.loads(summary.read_text()))
    if measured["failed"]:
        measured["messages"] = _tail(done.stderr)
    return measured, _children() - before


def version() -> str:
    """Of the program."""
    printed = subprocess.run([str(PROGRAM), "version"], capture_output=True, text=True, check=True)  # noqa: S603
    return printed.stdout.split()[1].removeprefix("v")


def measurement(work: Work, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Figures of one run from k6's metrics. Raises LoadError if not every request was made."""
    done = int(metrics.get("done", {}).get("count", 0))
    if done != work.requests:
        raise LoadError(f"{work.name}: {done} of {work.requests} requests within {work.seconds} s")
    failed = int(metrics["failed"]["count"])
    seconds = (metrics["ended"]["max"] - metrics["began"]["min"]) / 1000
    if seconds <= 0:
        raise LoadError(f"{work.name}: no time passed between the first and the last request")
    return {
        "requests": done,
        "failed": failed,
        "seconds": seconds,
        "per_second": (done - failed) / seconds,
        "mb_per_second": metrics["received"]["count"] / seconds / 1e6,
        "instances": (done - failed) * (work.body.parts if work.body else 1),
        "ms": percentiles(metrics["duration"]),
        "first_byte_ms": percentiles(metrics["first_byte"]),
        "named_ms": {
            name.removeprefix("named_"): percentiles(values)
            for name, values in metrics.items()
            if name.startswith("named_")
        },
    }


def percentiles(values: Mapping[str, float]) -> dict[str, float]:
    """The percentiles that are shown, in ms."""
    return {"p50": values["med"], "p95": values["p(95)"], "p99": values["p(99)"], "max": values["max"]}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tail(text: str) -> str:
    return " | ".join(text.strip().splitlines()[-5:])
