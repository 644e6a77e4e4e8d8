"""Values as the provider `random` draws them."""

from __future__ import annotations

import secrets
import string
from typing import Any

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
TEXT = {"random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString"}
ID = "random:index/randomId:RandomId"


def random_text(inputs: dict[str, Any]) -> str:
    """Random characters of the classes that the inputs leave on."""
    classes = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "number": string.digits}
    special = inputs.get("overrideSpecial", SPECIAL) if inputs.get("special", True) else ""
    alphabet = special + "".join(letters for name, letters in classes.items() if inputs.get(name, True))
    return "".join(secrets.choice(alphabet) for _ in range(int(inputs["length"])))


def draw(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs of a new random resource, `id` among them, without its inputs."""
    if token in TEXT:
        result = random_text(inputs)
        return {"id": "none" if token.endswith("Password") else result, "result": result}
    if token == ID:
        raw = secrets.token_bytes(int(inputs["byteLength"]))
        number = str(int.from_bytes(raw, "big"))
        return {"id": raw.hex(), "hex": inputs.get("prefix", "") + raw.hex(), "dec": number}
    raise NotImplementedError(f"{token} is not simulated; RandomPassword, RandomString and RandomId are")
