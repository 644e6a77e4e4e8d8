"""The machine of a run and its load, and the CPU time of running programs, from /proc.

https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
IDLE = slice(3, 5)  # idle, iowait
COUNTED = 8  # user to steal; guest time is part of user
PARENT, OWN, REAPED = 1, slice(11, 13), slice(13, 15)
"""Fields of a process's `stat` line after the program's name."""


def describe() -> dict[str, Any]:
    """Processor, cores, memory and system."""
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
    """CPU seconds of all cores so far, including time stolen by the host."""
    line = (text or (PROC / "stat").read_text()).splitlines()[0]
    ticks = [int(one) for one in line.split()[1:]][:COUNTED]
    return (sum(ticks) - sum(ticks[IDLE])) / TICKS


def other_share(busy: float, measured: Mapping[str, float], seconds: float, cores: int) -> float:
    """Share of the machine, 0 to 1, that other programs used."""
    return max(0.0, busy - sum(measured.values())) / (seconds * cores)


def cpu_seconds(roots: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """CPU seconds so far by name: each root process with its children, including exited ones."""
    table = {int(path.name): fields for path in PROC.iterdir() if path.name.isdigit() and (fields := _stat(path))}
    used = dict.fromkeys(roots, 0)
    for name, group in roots.items():
        for root in group:
            family = [pid for pid, fields in table.items() if pid == root or int(fields[PARENT]) == root]
            used[name] += sum(sum(map(int, table[pid][OWN])) for pid in family)
            used[name] += sum(map(int, table[root][REAPED])) if root in table else 0
    return {name: ticks / TICKS for name, ticks in used.items()}


def _stat(path: Path) -> list[str]:
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # the process has exited
        return []
