"""The provider `random`: values that are drawn once and kept."""

from __future__ import annotations

import secrets
import string
from typing import Any

from rehearsal.cloud.provider import Provider

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
TEXT = {"random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString"}
ID = "random:index/randomId:RandomId"


def text(inputs: dict[str, Any]) -> str:
    """Characters of the classes that are not switched off."""
    classes = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "number": string.digits}
    special = inputs.get("overrideSpecial", SPECIAL) if inputs.get("special", True) else ""
    alphabet = special + "".join(letters for name, letters in classes.items() if inputs.get(name, True))
    return "".join(secrets.choice(alphabet) for _ in range(int(inputs["length"])))


class Random(Provider):
    """Random values; `keepers` and any other change draw a new one."""

    def __init__(self) -> None:
        super().__init__("random")

    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Draws the value."""
        if token in TEXT:
            drawn = text(inputs)
            return ("none" if token.endswith("Password") else drawn), {**inputs, "result": drawn}
        if token == ID:
            raw = secrets.token_bytes(int(inputs["byteLength"]))
            return raw.hex(), {
                **inputs,
                "hex": inputs.get("prefix", "") + raw.hex(),
                "dec": str(int.from_bytes(raw, "big")),
            }
        raise NotImplementedError(f"{token} is not simulated; random.RandomPassword, RandomString and RandomId are")

    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """All of them."""
        return changed
