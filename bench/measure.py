"""Rounds: the same work against each target in turn, so that what else the machine does hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import k6, machine
from bench.k6 import Work
from bench.processes import cpu_seconds
from bench.targets import BARE, FULL, Bench, Target
from bench.work import IN_VARIANTS, Size

Say = Callable[[str], None]
CONFLICT = b"could not serialize access"
SETTLE = 0.5  # seconds between two runs


class Conflicts:
    """Counts transactions that PostgreSQL refused, because of others, since it was last asked."""

    def __init__(self, log: Path) -> None:
        self.log, self.offset = log, log.stat().st_size

    def __call__(self) -> int:
        """The number since the last call."""
        with self.log.open("rb") as text:
            text.seek(self.offset)
            read = text.read()
        self.offset += len(read)
        return read.count(CONFLICT)


def turns(targets: Sequence[str], works: Sequence[Work], size: Size) -> Iterator[tuple[int, Work, str]]:
    """Round, work and target. Each second round begins with the other target, so that none always goes first."""
    for number in range(size.rounds):
        for work in works:
            variants = number < size.variant_rounds and work.name in IN_VARIANTS
            taking = [name for name in targets if variants or name in {FULL, BARE}]
            yield from ((number, work, name) for name in (taking if number % 2 == 0 else reversed(taking)))


def rounds(bench: Bench, works: Sequence[Work], size: Size, folder: Path, say: Say) -> list[dict[str, Any]]:
    """Every sample. LoadError if k6 could not do what it was told; failed requests are counted."""
    conflicts, samples = Conflicts(bench.store.database.log), []
    planned = list(turns(list(bench.targets), works, size))
    for number, (turn, work, name) in enumerate(planned, 1):
        one = sample(bench.targets[name], work, folder, conflicts)
        samples.append({"round": turn, "target": name, "work": work.name, **one})
        failed = f", {one['failed']} FAILED: {one['messages']}" if one["failed"] else ""
        say(
            f"{number}/{len(planned)} round {turn + 1} {work.name:<16} {name:<16} {one['per_second']:8.1f}/s"
            f"  p95 {one['ms']['p95']:7.0f} ms{failed}"
        )
    return samples


def sample(target: Target, work: Work, folder: Path, conflicts: Conflicts) -> dict[str, Any]:
    """One run of k6, with the CPU that each program used."""
    time.sleep(SETTLE)
    conflicts()
    before, busy, started = cpu_seconds(target.processes), machine.busy_seconds(), time.monotonic()
    measured, client = k6.run(target.endpoint, work, folder)
    seconds, busy = time.monotonic() - started, machine.busy_seconds() - busy
    after = cpu_seconds(target.processes)
    used = {name: after[name] - before[name] for name in after} | {"k6": client}
    noise = machine.others(busy, used, seconds, machine.described()["cores"])
    return {**measured, "cpu_seconds": used, "others": noise, "conflicts": conflicts()}
