"""A small record of a run of `make bench`."""

from __future__ import annotations

from typing import Any

from bench.scenarios import QUERIES, TITLES

TARGETS = {"full": "all parts", "direct": "without nginx", "bare": "only Orthanc"}
CPU = {
    "full": {"nginx": 0.1, "orthanc": 0.5, "postgresql": 0.3, "k6": 0.2},
    "direct": {"orthanc": 0.5, "postgresql": 0.3, "k6": 0.2},
    "bare": {"orthanc": 0.4, "k6": 0.2},
}


def sample(number: int, target: str, per_second: float, scenario: str = "stow") -> dict[str, Any]:
    """A hundred requests."""
    times = {"p50": 10, "p95": 20, "p99": 40, "max": 50}
    return {
        "round": number,
        "target": target,
        "scenario": scenario,
        "requests": 100,
        "failed": 0,
        "seconds": 100 / per_second if per_second else 1.0,
        "per_second": per_second,
        "mb_per_second": per_second / 2,
        "instances": 100,
        "ms": times,
        "first_byte_ms": {"p50": 8, "p95": 16, "p99": 32, "max": 40},
        "named_ms": dict.fromkeys(QUERIES, times),
        "cpu_seconds": CPU[target],
        "conflicts": 4,
        "others": 0.25,
    }


def raw() -> dict[str, Any]:
    """Two rounds of every scenario; the intermediate target is measured in the first."""
    rounds = [(0, "full", 50), (0, "direct", 60), (0, "bare", 100), (1, "full", 30), (1, "bare", 80)]
    return {
        "measured": "2027-01-02",
        "quick": False,
        "rounds": 2,
        "machine": {"cpu": "Some CPU", "cores": 2, "memory_gb": 8, "system": "Linux 6", "python": "3.11.0"},
        "versions": {"Orthanc": "1", "Orthanc PostgreSQL plugin": "5", "nginx": "1", "k6": "1.1.0"},
        "load": {"before": [0.1, 0.2, 0.3], "after": [1.0, 2.0, 3.0]},
        "targets": TARGETS,
        "fill": {"instances": 200, "studies": 2, "postgresql_seconds": 1.5, "sqlite_seconds": 2.5},
        "instance_bytes": 525_298,
        "metadata_cpu_ms": {"full": 6.0, "bare": 4.0},
        "samples": [sample(*one, scenario=scenario) for scenario in TITLES for one in rounds],
        "large": [
            {"target": name, "bytes": 400, "stow_seconds": 2.0, "wado_seconds": 1.0, "first_mib_seconds": 0.5}
            for name in ("full", "bare")
        ],
    }
