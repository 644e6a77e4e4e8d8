"""The provider `random`: values that are drawn once and kept."""

from __future__ import annotations

from typing import Any

from awsmodel.randomness import draw
from rehearsal.providers.protocol import Provider


class Random(Provider):
    """Random values; a change of `keepers` or of anything else draws a new one."""

    def __init__(self) -> None:
        super().__init__("random")

    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Draw the value."""
        outputs = draw(token, inputs)
        return outputs.pop("id"), {**inputs, **outputs}

    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """Every change."""
        return changed
