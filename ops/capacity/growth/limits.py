"""The limits of a stack: AWS's, from `limits.yaml`, and those that its own settings declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from ops.capacity.growth.basis import Basis

LIMITS = Path(__file__).parent / "limits.yaml"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit with its unit, its kind, the remedy if it is exceeded, and the source."""

    name: str
    title: str
    value: float
    unit: str
    kind: Literal["setting", "quota", "fixed"]
    remedy: str
    source: str


def limits(basis: Basis, path: Path = LIMITS) -> list[Limit]:
    """All limits, with the stack's own values for those that it declares."""
    declared = {
        "app_tasks": basis.declared.tiers["app"].maximum,
        "web_tasks": basis.declared.tiers["web"].maximum,
        "database_connections": basis.database_connections,
        "database_acu": basis.declared.database.maximum,
    }
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        Limit(
            name=name,
            title=entry["title"],
            value=declared[name] if entry["value"] == "declared" else float(entry["value"]),
            unit=entry["unit"],
            kind=entry["kind"],
            remedy=entry["remedy"],
            source=entry["source"],
        )
        for name, entry in found.items()
    ]
