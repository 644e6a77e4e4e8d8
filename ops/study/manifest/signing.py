"""Checksum and signature of a document, in a form that standard tools verify.

`sha256sum -c checksum` verifies the document; `openssl dgst -sha384 -verify public-key.pem -signature signature
checksum` verifies the checksum. The private key never leaves KMS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ops.study.store.archive_store import ArchiveStore
from ops.study.store.checksums import sha256_hex
from ops.study.store.errors import ArchiveError, explain_failure

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

ALGORITHM: Literal["ECDSA_SHA_384"] = "ECDSA_SHA_384"
FILES = ("checksum", "signature", "public-key.pem")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Checksum, signature and public key of a signed document."""

    checksum: bytes
    signature: bytes
    public_key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, which a person writes down to recognize the key."""
        return sha256_hex(self.public_key)


def checksum_line(name: str, body: bytes) -> bytes:
    """A line as `sha256sum` writes it."""
    return f"{sha256_hex(body)}  {name}\n".encode()


def sign(kms: KMSClient, key_arn: str, store: ArchiveStore, folder: str, line: bytes) -> None:
    """Signs the checksum line of a document and writes the proof; the caller writes the document."""
    answer = kms.sign(KeyId=key_arn, Message=line, MessageType="RAW", SigningAlgorithm=ALGORITHM)
    for file, content in zip(FILES, (line, answer["Signature"], read_public_key(kms, key_arn)), strict=True):
        store.put(f"{folder}{file}", content)


def read_public_key(kms: KMSClient, key_arn: str) -> bytes:
    """The key's public half, as PEM."""
    loaded = serialization.load_der_public_key(kms.get_public_key(KeyId=key_arn)["PublicKey"])
    return loaded.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def read_expected_key(kms: KMSClient, key_arn: str | None) -> bytes | None:
    """The study's public key, from KMS; None without its ARN."""
    if key_arn is None:
        return None
    with explain_failure("reading the signing key"):
        return read_public_key(kms, key_arn)


def read_proof(store: ArchiveStore, folder: str) -> Proof:
    """The proof below `folder`; ArchiveError if a file is missing."""
    line, signature, key = (store.require(f"{folder}{file}") for file in FILES)
    return Proof(checksum=line, signature=signature, public_key=key)


def find_problem(proof: Proof, name: str, body: bytes, expected_key: bytes | None) -> str | None:
    """Why the document is not what was signed, or None. `expected_key`: the public key that must have signed it."""
    if expected_key is not None and expected_key != proof.public_key:
        return f"{name} is signed with another key than the study's: do not trust it, and ask who wrote it"
    if proof.checksum != checksum_line(name, body):
        return f"{name} was changed after it was signed: restore its earlier version, or run `ops archive --again`"
    try:
        key = serialization.load_pem_public_key(proof.public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return f"{name}: the public key stored with it is not of the type that the study uses: do not trust it"
        key.verify(proof.signature, proof.checksum, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, ValueError):
        return f"{name}: the signature does not match the public key stored with it: do not trust it, ask who wrote it"
    return None


def require_signature(proof: Proof, name: str, body: bytes, expected_key: bytes | None) -> None:
    """ArchiveError unless the document is what was signed."""
    if problem := find_problem(proof, name, body, expected_key):
        raise ArchiveError(problem)
