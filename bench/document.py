"""`docs/performance.md`, made from what a run recorded."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.results import summary
from ops.docs.document import render
from ops.plan.configuration import PROJECT

TEMPLATE = Path(__file__).with_name("performance.md.j2")
DOCUMENT = PROJECT / "docs" / "performance.md"
RECORDS = PROJECT / ".bench"
"""What runs recorded, and the document of quick ones, which replaces no other."""


def document(raw: Mapping[str, Any]) -> str:
    """The document about one run."""
    shown = summary(raw)
    return render(TEMPLATE, {**shown, "capacity": json.dumps(shown["capacity"], indent=2)})


def publish(raw: Mapping[str, Any], *, records: Path = RECORDS, published: Path = DOCUMENT) -> Path:
    """Writes record and document, each whole or not at all; the document's place is returned.

    A quick run is not published: its document stays with the records.
    """
    text = document(raw)
    records.mkdir(parents=True, exist_ok=True)
    name = "quick" if raw["quick"] else "full"
    _replace(records / f"{name}.json", json.dumps(raw, indent=1))
    place = records / "quick.md" if raw["quick"] else published
    _replace(place, text)
    return place


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as part:
            part.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
