"""The manifest: what was archived, with a checksum of each part. It is signed, and written last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.study.manifest import signing
from ops.study.manifest.lines import Line, unpack
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.checksums import sha256_hex
from ops.study.store.errors import ArchiveError, explain_failure

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

NAME = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest with a valid signature."""

    content: dict[str, Any]
    sha256: str
    fingerprint: str

    def lines(self, store: ArchiveStore) -> Iterator[Line]:
        """The line of each object, sorted by key."""
        return read_lines(store, self.content["parts"])


def read_lines(store: ArchiveStore, parts: list[dict[str, Any]]) -> Iterator[Line]:
    """The lines of a manifest's parts; ArchiveError if a part does not have the manifest's checksum."""
    for part in parts:
        body = store.require(part["name"])
        if sha256_hex(body) != part["sha256"]:
            raise ArchiveError(
                f"s3://{store.bucket}/{store.key(part['name'])} is not the part that the manifest names: "
                "restore the earlier version that is, or run `ops archive --again`"
            )
        yield from unpack(body)


def proof_folder(run: str) -> str:
    """Folder with the proof of a run's manifest."""
    return f"runs/{run}/signed/"


def write(kms: KMSClient, key_arn: str, store: ArchiveStore, content: dict[str, Any]) -> bytes:
    """Signs the manifest and then writes it; its bytes."""
    body = json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
    with explain_failure("writing the manifest"):
        signing.sign(kms, key_arn, store, proof_folder(content["run"]), signing.checksum_line(NAME, body))
        store.put(NAME, body)
    return body


def read(store: ArchiveStore, expected_key: bytes | None) -> Manifest:
    """The manifest; ArchiveError if there is none, or the study's key did not sign it."""
    with explain_failure("reading the manifest"):
        stored = store.get(NAME)
        if stored is None:
            raise ArchiveError(
                f"s3://{store.bucket}/{store.key(NAME)} does not exist: the archive is not complete. "
                "Run `python -m ops archive` until it succeeds"
            )
        try:
            content = stored.json()
            run = content["run"]
        except (ValueError, KeyError, TypeError):
            raise ArchiveError(
                f"{NAME} was damaged: restore its earlier version, or run `ops archive --again`"
            ) from None
        proof = signing.read_proof(store, proof_folder(run))
    signing.require_signature(proof, NAME, stored.body, expected_key)
    return Manifest(content=content, sha256=sha256_hex(stored.body), fingerprint=proof.fingerprint)
