"""The provider `tls`: real keys and certificates."""

from __future__ import annotations

from hashlib import sha1
from typing import Any

from awsmodel.certificates import MAKERS
from rehearsal.providers.protocol import Provider


class Tls(Provider):
    """Keys and certificates; any change replaces them, as with the real provider."""

    def __init__(self) -> None:
        super().__init__("tls")

    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create the key or certificate; its fingerprint is the id."""
        outputs = {**inputs, **MAKERS[token](inputs)}
        return sha1(str(sorted(outputs.items())).encode(), usedforsecurity=False).hexdigest(), outputs

    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """Every change but that of `earlyRenewalHours`."""
        return [name for name in changed if name != "earlyRenewalHours"]
