"""What a verification found, stored and signed beside the manifest."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ops.study.archive import signing
from ops.study.archive.errors import explained
from ops.study.archive.manifest import Manifest
from ops.study.archive.place import Place
from ops.study.archive.reading import Reading

FOLDER = "verify/"
NAME = "report.json"
SHOWN = 1000
CONFIDENCE = 0.95


@dataclass
class Findings:
    """Problems: all are counted, the first of them kept. Safe to use from several threads."""

    count: int = 0
    shown: list[str] = field(default_factory=list)
    mutex: Any = field(default_factory=threading.Lock)

    def add(self, subject: str, problems: Iterable[str]) -> None:
        """Notes what is wrong with the subject."""
        with self.mutex:
            for problem in problems:
                self.count += 1
                if len(self.shown) < SHOWN:
                    self.shown.append(f"{subject}: {problem}")


@dataclass
class State:
    """What a verification has found so far. `until`: the earliest end of an object's lock."""

    findings: Findings = field(default_factory=Findings)
    objects: int = 0
    bytes: int = 0
    extras: int = 0
    read: int = 0
    pending: int = 0
    files: int = 0
    until: datetime | None = None


def content(state: State, reading: Reading, found: Manifest, now: datetime) -> dict[str, Any]:
    """What the report says of the archive."""
    return {
        "format": 1,
        "time": now.isoformat(),
        "run": found.content["run"],
        "manifestSha256": found.sha256,
        "fingerprint": found.fingerprint,
        "ok": state.findings.count == 0,
        "problems": state.findings.shown,
        "problemCount": state.findings.count,
        "objects": state.objects,
        "bytes": state.bytes,
        "files": state.files,
        "onlyInArchive": state.extras,
        "retainedUntil": state.until.isoformat() if state.until else None,
        "onRecord": "size, S3's SHA-256, storage class, key and lock of every object were compared",
        "read": {"objects": state.read, "from": reading.source, "tier": reading.tier},
        "confidence": confidence(state.read, state.objects),
    }


def confidence(read: int, of: int) -> str:
    """What reading so many objects, chosen at random, says of the rest when all of them were right."""
    if read >= of:
        return f"all {of} objects were read"
    if not read:
        return f"none of {of} objects was read"
    at_most = 1 - (1 - CONFIDENCE) ** (1 / read)
    return (
        f"{read} of {of} objects, chosen at random, were read: if all were right, with {CONFIDENCE:.0%} confidence "
        f"fewer than {at_most:.2%} of the others are damaged"
    )


def write(kms: Any, key_arn: str, place: Place, time: datetime, content: dict[str, Any]) -> str:
    """Signs the report, then writes it; its name."""
    body = json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
    folder = f"{FOLDER}{time:%Y%m%dt%H%M%Sz}/"
    with explained("writing the report"):
        signing.sign(kms, key_arn, place, folder, signing.checksum(NAME, body))
        place.put(f"{folder}{NAME}", body)
    return f"{folder}{NAME}"


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The newest report, and why it cannot be trusted, if so."""

    name: str
    content: dict[str, Any]
    distrust: str | None


def newest(place: Place, expected_key: bytes | None) -> Newest | None:
    """The newest report that was written to its end."""
    with explained("reading the reports"):
        name = max((name for name in place.names(FOLDER) if name.endswith(f"/{NAME}")), default=None)
        if name is None:
            return None
        body = place.need(name)
        proved = signing.proof(place, name.removesuffix(NAME))
    distrust = signing.check(proved, NAME, body, expected_key)
    return Newest(name=name, content={} if distrust else json.loads(body), distrust=distrust)


def sha256(body: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(body).hexdigest()
