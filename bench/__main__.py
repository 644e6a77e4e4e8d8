"""`python -m bench`: the store of prod and a bare Orthanc under the same load, and `docs/performance.md` about it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import bodies, index, k6, machine, measure, results, targets, work
from bench.document import RECORDS, publish
from bench.work import FULL, LARGE_FRAMES, QUICK, Size
from dataplane import studies
from dataplane.debian import PackagesError

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True)
NEEDED_GB = {True: 4, False: 25}
"""Of free disk, by whether the run is quick."""


@app.command()
def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Three minutes: proves that it works, publishes nothing.")
    ] = False,
    instances: Annotated[
        int | None, typer.Option(min=100, max=1_000_000, help="In the index; 100,000 if not said.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=50, help="Of the same work against each target.")] = None,
    render: Annotated[
        bool, typer.Option("--render", help="Make the document again from the last full record.")
    ] = False,
) -> None:
    """Measure on this machine, over loopback alone, and write docs/performance.md, whole or not at all."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    size = QUICK if quick else FULL
    size = dataclasses.replace(size, instances=instances or size.instances, rounds=rounds or size.rounds)
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - started:6.1f} s] {text}", markup=False)

    try:
        raw = json.loads((RECORDS / "full.json").read_text()) if render else recorded(size, say, quick=quick)
    except KeyboardInterrupt:
        say("interrupted: the document is as it was")
        raise typer.Exit(130) from None
    except (k6.LoadError, index.FillError, PackagesError, TimeoutError, ValueError, OSError) as error:
        say(f"failed: {error}")
        raise typer.Exit(1) from None
    say(f"written: {publish(raw)}")
    if failed := sum(one["failed"] for one in raw["samples"]):
        say(f"{failed} requests failed; the document shows which")


def recorded(size: Size, say: measure.Say, *, quick: bool) -> dict[str, Any]:
    """One run: everything started, filled, measured and stopped."""
    free = shutil.disk_usage(tempfile.gettempdir()).free // 10**9
    if free < NEEDED_GB[quick]:
        raise OSError(f"{tempfile.gettempdir()} has {free} GB free, and a run needs {NEEDED_GB[quick]}")
    before = machine.load()
    with tempfile.TemporaryDirectory(prefix="image-store-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        say("making synthetic images")
        made = bodies.prepare(folder / "bodies")
        big = bodies.write(folder / "bodies", "large", [studies.multiframe(LARGE_FRAMES)])
        say("starting PostgreSQL, three replicas of two kinds, two nginx and a bare Orthanc")
        (folder / "store").mkdir()
        with targets.running(folder) as bench:
            filled = index.fill(bench, made["smalls"], size.instances, say)
            for target in results.PAIR:
                work.prepare(bench.targets[target], made, size)
            cached = {name: work.metadata(bench.targets[name], size) for name in results.PAIR}
            samples = measure.rounds(bench, work.works(made, size), size, folder / "k6", say)
            run, timed = k6.new_run(), []
            for number in range(size.large):
                for target in results.PAIR:
                    one = work.large(bench.targets[target], big, run, number)
                    timed.append(one)
                    say(f"large, {target}: {one['stow_seconds']:.1f} s in, {one['wado_seconds']:.1f} s out")
            return {
                "measured": datetime.now(UTC).date().isoformat(),
                "quick": quick,
                "rounds": size.rounds,
                "machine": machine.described(),
                "versions": {**targets.versions(bench), "k6": k6.version()},
                "load": {"before": before, "after": machine.load()},
                "targets": {one.name: one.title for one in bench.targets.values()},
                "fill": filled,
                "instance_bytes": made["slice"].payload,
                "metadata_cpu_ms": cached,
                "samples": samples,
                "large": timed,
            }


if __name__ == "__main__":
    app()
