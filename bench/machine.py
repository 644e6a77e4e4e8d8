"""The machine that figures were taken on, and how busy it was with other things."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROC = Path("/proc")
IDLE = slice(3, 5)  # idle, iowait
COUNTED = 8  # user to steal; guests are in user already


def described() -> dict[str, Any]:
    """Processor, cores, memory, system."""
    information = (PROC / "cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in information.splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(memory / 1e9),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }


def load() -> list[float]:
    """Load averages of 1, 5 and 15 minutes."""
    return [round(one, 2) for one in os.getloadavg()]


def busy_seconds(text: str | None = None) -> float:
    """CPU seconds that all cores have worked so far, for whomever, with what the host took away."""
    line = (text or (PROC / "stat").read_text()).splitlines()[0]
    ticks = [int(one) for one in line.split()[1:]][:COUNTED]
    return (sum(ticks) - sum(ticks[IDLE])) / os.sysconf("SC_CLK_TCK")


def others(busy: float, ours: Mapping[str, float], seconds: float, cores: int) -> float:
    """Share of the machine that was taken by what is not measured, 0 to 1."""
    return max(0.0, busy - sum(ours.values())) / (seconds * cores)
