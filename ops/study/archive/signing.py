"""Checksum and signature of a document, such that standard tools verify both.

`sha256sum -c checksum` proves the document, `openssl dgst -sha384 -verify public-key.pem -signature signature checksum`
proves the checksum. The private key never leaves KMS.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ops.study.archive.errors import ArchiveError, explained
from ops.study.archive.place import Place

ALGORITHM = "ECDSA_SHA_384"
FILES = ("checksum", "signature", "public-key.pem")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What stands beside a signed document."""

    checksum: bytes
    signature: bytes
    public_key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key: what a person writes down, to know the key again."""
        return hashlib.sha256(self.public_key).hexdigest()


def checksum(name: str, body: bytes) -> bytes:
    """A line as `sha256sum` writes it."""
    return f"{hashlib.sha256(body).hexdigest()}  {name}\n".encode()


def sign(kms: Any, key_arn: str, place: Place, folder: str, line: bytes) -> None:
    """Writes the proof of the document whose checksum is `line`; the document is the caller's to write."""
    answer = kms.sign(KeyId=key_arn, Message=line, MessageType="RAW", SigningAlgorithm=ALGORITHM)
    for file, content in zip(FILES, (line, answer["Signature"], public_key(kms, key_arn)), strict=True):
        place.put(f"{folder}{file}", content)


def public_key(kms: Any, key_arn: str) -> bytes:
    """The key's public half, as PEM."""
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415  slow to import

    loaded = form.load_der_public_key(kms.get_public_key(KeyId=key_arn)["PublicKey"])
    return loaded.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)


def proof(place: Place, folder: str) -> Proof:
    """The proof below `folder`; ArchiveError if it is not whole."""
    line, signature, key = (place.need(f"{folder}{file}") for file in FILES)
    return Proof(checksum=line, signature=signature, public_key=key)


def check(proved: Proof, name: str, body: bytes, expected_key: bytes | None) -> str | None:
    """Why the document is not what was signed, or None. `expected_key`: the public key that must have signed."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    if expected_key is not None and expected_key != proved.public_key:
        return f"{name} is signed with another key than the study's: do not trust it, and ask who wrote it"
    if proved.checksum != checksum(name, body):
        return f"{name} was changed after it was signed: take its earlier version, or run `ops archive --again`"
    try:
        key = serialization.load_pem_public_key(proved.public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return f"{name}: the key beside it is none of the kind that the study signs with: do not trust it"
        key.verify(proved.signature, proved.checksum, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, ValueError):
        return f"{name}: the signature is not of the key beside it: do not trust it, and ask who wrote it"
    return None


def expected(kms: Any, key_arn: str | None) -> bytes | None:
    """The public key that the study signs with, from KMS; None without its ARN."""
    if key_arn is None:
        return None
    with explained("asking for the signing key"):
        return public_key(kms, key_arn)


def trusted(proved: Proof, name: str, body: bytes, expected_key: bytes | None) -> None:
    """ArchiveError unless the document is what was signed."""
    if why := check(proved, name, body, expected_key):
        raise ArchiveError(why)
