"""CPU time and memory of running programs, read from /proc. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PARENT, OWN, REAPED = 1, slice(11, 13), slice(13, 15)
"""Fields of a `stat` line behind the program's name."""


def cpu_seconds(roots: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """CPU seconds so far by name: each root process with its children, also those that have ended."""
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
    except OSError:  # it has ended
        return []
