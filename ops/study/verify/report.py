"""The report of a verification, stored and signed in the archive."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ops.study.manifest import signing
from ops.study.manifest.manifest import Manifest
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.errors import explain_failure
from ops.study.verify.objects import ReadOptions

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

FOLDER = "verify/"
NAME = "report.json"
MAX_PROBLEMS = 1000
CONFIDENCE = 0.95


@dataclass
class Findings:
    """Problems: all are counted, the first MAX_PROBLEMS are kept. Threads can share it."""

    count: int = 0
    problems: list[str] = field(default_factory=list)
    mutex: threading.Lock = field(default_factory=threading.Lock)

    def add(self, subject: str, problems: Iterable[str]) -> None:
        """Adds problems of `subject`."""
        with self.mutex:
            for problem in problems:
                self.count += 1
                if len(self.problems) < MAX_PROBLEMS:
                    self.problems.append(f"{subject}: {problem}")


@dataclass
class Counts:
    """Results of a verification so far. `until`: the earliest end of an object's retention."""

    findings: Findings = field(default_factory=Findings)
    objects: int = 0
    bytes: int = 0
    extras: int = 0
    read: int = 0
    pending: int = 0
    files: int = 0
    until: datetime | None = None


def report_content(counts: Counts, options: ReadOptions, archived: Manifest, now: datetime) -> dict[str, Any]:
    """The report's content."""
    return {
        "format": 1,
        "time": now.isoformat(),
        "run": archived.content["run"],
        "manifestSha256": archived.sha256,
        "fingerprint": archived.fingerprint,
        "ok": counts.findings.count == 0,
        "problems": counts.findings.problems,
        "problemCount": counts.findings.count,
        "objects": counts.objects,
        "bytes": counts.bytes,
        "files": counts.files,
        "onlyInArchive": counts.extras,
        "retainedUntil": counts.until.isoformat() if counts.until else None,
        "onRecord": "size, S3's SHA-256, storage class, key and lock of every object were compared",
        "read": {"objects": counts.read, "from": options.source, "tier": options.tier},
        "confidence": confidence(counts.read, counts.objects),
    }


def confidence(read: int, total: int) -> str:
    """What reading `read` random objects proves about all of them, if they were intact."""
    if read >= total:
        return f"all {total} objects were read"
    if not read:
        return f"none of {total} objects was read"
    at_most = 1 - (1 - CONFIDENCE) ** (1 / read)
    return (
        f"{read} of {total} objects, chosen at random, were read: if all were intact, with {CONFIDENCE:.0%} confidence "
        f"fewer than {at_most:.2%} of the others are damaged"
    )


def write(kms: KMSClient, key_arn: str, store: ArchiveStore, time: datetime, content: dict[str, Any]) -> str:
    """Signs the report and then writes it; its name."""
    body = json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
    folder = f"{FOLDER}{time:%Y%m%dt%H%M%Sz}/"
    with explain_failure("writing the report"):
        signing.sign(kms, key_arn, store, folder, signing.checksum_line(NAME, body))
        store.put(f"{folder}{NAME}", body)
    return f"{folder}{NAME}"


@dataclass(frozen=True, kw_only=True)
class NewestReport:
    """The newest report. `distrust`: why it cannot be trusted, if so."""

    name: str
    content: dict[str, Any]
    distrust: str | None


def read_newest(store: ArchiveStore, expected_key: bytes | None) -> NewestReport | None:
    """The newest complete report, if there is one."""
    with explain_failure("reading the reports"):
        name = max((name for name in store.names(FOLDER) if name.endswith(f"/{NAME}")), default=None)
        if name is None:
            return None
        body = store.require(name)
        proof = signing.read_proof(store, name.removesuffix(NAME))
    distrust = signing.find_problem(proof, NAME, body, expected_key)
    return NewestReport(name=name, content={} if distrust else json.loads(body), distrust=distrust)
