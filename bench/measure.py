"""Rounds: the same scenarios against each target in turn, so that other load on the machine affects all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import k6, machine
from bench.k6 import Scenario
from bench.machine import cpu_seconds
from bench.scenarios import IN_VARIANTS, Size
from bench.targets import BARE, FULL, Bench, Target

Report = Callable[[str], None]
CONFLICT = b"could not serialize access"
PAUSE_SECONDS = 0.5  # between two runs


class Conflicts:
    """Counts serialization failures in PostgreSQL's log."""

    def __init__(self, log: Path) -> None:
        self.log, self.offset = log, log.stat().st_size

    def __call__(self) -> int:
        """The number since the last call."""
        with self.log.open("rb") as text:
            text.seek(self.offset)
            read = text.read()
        self.offset += len(read)
        return read.count(CONFLICT)


def turns(targets: Sequence[str], scenarios: Sequence[Scenario], size: Size) -> Iterator[tuple[int, Scenario, str]]:
    """Round, scenario and target. Each second round reverses the targets, so that none always goes first."""
    for number in range(size.rounds):
        for scenario in scenarios:
            variants = number < size.variant_rounds and scenario.name in IN_VARIANTS
            selected = [name for name in targets if variants or name in {FULL, BARE}]
            yield from ((number, scenario, name) for name in (selected if number % 2 == 0 else reversed(selected)))


def run_rounds(
    bench: Bench, scenarios: Sequence[Scenario], size: Size, folder: Path, report: Report
) -> list[dict[str, Any]]:
    """Runs all rounds and returns their samples. LoadError if k6 fails; failed requests are counted."""
    conflicts, samples = Conflicts(bench.store.database.log), []
    planned = list(turns(list(bench.targets), scenarios, size))
    for number, (turn, scenario, name) in enumerate(planned, 1):
        one = measure(bench.targets[name], scenario, folder, conflicts)
        samples.append({"round": turn, "target": name, "scenario": scenario.name, **one})
        failed = f", {one['failed']} FAILED: {one['messages']}" if one["failed"] else ""
        report(
            f"{number}/{len(planned)} round {turn + 1} {scenario.name:<16} {name:<16} {one['per_second']:8.1f}/s"
            f"  p95 {one['ms']['p95']:7.0f} ms{failed}"
        )
    return samples


def measure(target: Target, scenario: Scenario, folder: Path, conflicts: Conflicts) -> dict[str, Any]:
    """One run of k6, with the CPU time of each program."""
    time.sleep(PAUSE_SECONDS)
    conflicts()
    before, busy, started = cpu_seconds(target.processes), machine.busy_seconds(), time.monotonic()
    measured, client = k6.run(target.endpoint, scenario, folder)
    seconds, busy = time.monotonic() - started, machine.busy_seconds() - busy
    after = cpu_seconds(target.processes)
    used = {name: after[name] - before[name] for name in after} | {"k6": client}
    others = machine.other_share(busy, used, seconds, machine.describe()["cores"])
    return {**measured, "cpu_seconds": used, "others": others, "conflicts": conflicts()}
