"""Processor time of each kind of request: figures measured in docs/performance.md, or reference figures.

The document contains one fenced `json` block. Its keys, for `stow`, `wado` and `qido`: `<kind>_per_second_per_vcpu` is
the throughput of one busy vCPU of Orthanc; `cpu_ms.<kind>` is the processor time per request in `nginx` and
`postgresql`; `metadata_cpu_ms` is the time that Orthanc later spends on each stored instance, which counts as storing.
A missing figure is replaced by the reference figure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.capacity.errors import CapacityError
from ops.plan.configuration import PROJECT

DOCUMENT = PROJECT / "docs" / "performance.md"
KINDS = ("stow", "wado", "qido")
PARTS = ("per_second_per_vcpu", "postgres_ms", "nginx_ms")
REFERENCE: Mapping[str, float] = {
    # 525 kB instances on a 2-core machine: 5.3 and 3.4 ms of Orthanc; the split of a query's 10 ms is an estimate.
    "stow_per_second_per_vcpu": 190,
    "stow_postgres_ms": 2.6,
    "stow_nginx_ms": 1.1,
    "wado_per_second_per_vcpu": 294,
    "wado_postgres_ms": 1.1,
    "wado_nginx_ms": 1.0,
    "qido_per_second_per_vcpu": 200,
    "qido_postgres_ms": 4.0,
    "qido_nginx_ms": 1.0,
}
BLOCK = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Processor seconds of one request in each tier and the database."""

    web: float
    app: float
    database: float


@dataclass(frozen=True, kw_only=True)
class ServiceTimes:
    """Processor time by kind of request. `source` names the origin of the figures."""

    source: str
    kinds: Mapping[str, Cost]


def read_service_times(path: Path = DOCUMENT) -> ServiceTimes:
    """Service times from the document, or the reference figures. Raises CapacityError for a broken block."""
    if not path.exists():
        return service_times(REFERENCE, "reference figures: no docs/performance.md")
    found = _read_block(path)
    known = {f"{kind}_{part}" for kind in KINDS for part in PARTS} & found.keys()
    if not known:
        return service_times(REFERENCE, f"reference figures: {path.name} has no block with stow_per_second_per_vcpu")
    source = f"measured, {path.name}" if len(known) == len(REFERENCE) else f"{path.name}, {len(known)} of 9 figures"
    return service_times({**REFERENCE, **{key: found[key] for key in known}}, source)


def _read_block(path: Path) -> dict[str, Any]:
    for text in BLOCK.findall(path.read_text(encoding="utf-8")):
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise CapacityError(f"{path.name}: its json block cannot be read: {error}") from error
        if isinstance(values, dict) and "stow_per_second_per_vcpu" in values:
            return _flatten(values)
    return {}


def _flatten(values: Mapping[str, Any]) -> dict[str, Any]:
    """The figures under the names of `REFERENCE`."""
    found = {key: values[key] for key in REFERENCE.keys() & values.keys()}
    for kind, programs in (values.get("cpu_ms") or {}).items():
        for part, program in (("postgres_ms", "postgresql"), ("nginx_ms", "nginx")):
            if program in programs:
                found[f"{kind}_{part}"] = programs[program]
    metadata_ms, stored = values.get("metadata_cpu_ms"), found["stow_per_second_per_vcpu"]
    if metadata_ms and stored:
        found["stow_per_second_per_vcpu"] = 1000 / (1000 / stored + metadata_ms)
    return found


def service_times(figures: Mapping[str, Any], source: str) -> ServiceTimes:
    """Service times calculated from `figures`. Raises CapacityError unless each is a positive number."""
    for key, value in figures.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise CapacityError(f"{source}: {key} is {value!r}; it must be a number above 0")
    return ServiceTimes(
        source=source,
        kinds={
            kind: Cost(
                web=figures[f"{kind}_nginx_ms"] / 1000,
                app=1 / figures[f"{kind}_per_second_per_vcpu"],
                database=figures[f"{kind}_postgres_ms"] / 1000,
            )
            for kind in KINDS
        },
    )
