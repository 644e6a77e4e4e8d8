"""The reviewed file that says how AWS behaves where no schema does."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def behaviours() -> dict[str, Any]:
    """Sections of `behaviours.yaml`, each by type."""
    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
