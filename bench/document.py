"""`docs/performance.md`, rendered from the record of a run."""

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
"""Records of runs, and the document of the last quick run."""


def document(raw: Mapping[str, Any]) -> str:
    """The document of one run."""
    values = summary(raw)
    return render(TEMPLATE, {**values, "capacity": json.dumps(values["capacity"], indent=2)})


def publish(raw: Mapping[str, Any], *, records: Path = RECORDS, published: Path = DOCUMENT) -> Path:
    """Writes record and document, each atomically, and returns the path of the document.

    The document of a quick run is not published but kept with the records.
    """
    text = document(raw)
    records.mkdir(parents=True, exist_ok=True)
    name = "quick" if raw["quick"] else "full"
    _replace(records / f"{name}.json", json.dumps(raw, indent=1))
    target = records / "quick.md" if raw["quick"] else published
    _replace(target, text)
    return target


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as part:
            part.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
