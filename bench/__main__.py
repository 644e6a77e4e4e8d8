"""`python -m bench` puts the same load on prod's store and a bare Orthanc, and writes `docs/performance.md`."""

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

from bench import bodies, index, k6, machine, measure, results, scenarios, targets
from bench.document import RECORDS, publish
from bench.scenarios import FULL, LARGE_FRAMES, QUICK, Size
from dataplane.clients.dicomweb import ResponseError
from dataplane.packages.sources import PackagesError
from dataplane.processes.container import ProcessError
from dataplane.samples import studies
from ops.render import rendered

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True)
REQUIRED_GB = {True: 4, False: 25}
"""Free disk space that a quick and a full run need."""

STACK = "prod"
ERRORS = (
    k6.LoadError, index.FillError, PackagesError, ProcessError, ResponseError, TimeoutError, ValueError, OSError,
)  # fmt: skip


@app.command()
def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Three minutes: checks that the benchmark works, and publishes nothing.")
    ] = False,
    instances: Annotated[
        int | None, typer.Option(min=100, max=1_000_000, help="Instances in the index; 100,000 by default.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=50, help="Rounds of all scenarios.")] = None,
    render: Annotated[
        bool, typer.Option("--render", help="Render the document again from the last full record.")
    ] = False,
) -> None:
    """Measure on this machine, over loopback only, and write docs/performance.md atomically."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    size = QUICK if quick else FULL
    size = dataclasses.replace(size, instances=instances or size.instances, rounds=rounds or size.rounds)
    started = time.monotonic()

    def report(text: str) -> None:
        console.print(f"[{time.monotonic() - started:6.1f} s] {text}", markup=False)

    try:
        raw = json.loads((RECORDS / "full.json").read_text()) if render else run_benchmark(size, report, quick=quick)
    except KeyboardInterrupt:
        report("interrupted: the document is unchanged")
        raise typer.Exit(130) from None
    except ERRORS as error:
        report(f"failed: {error}")
        raise typer.Exit(1) from None
    report(f"written: {publish(raw)}")
    if failed := sum(one["failed"] for one in raw["samples"]):
        report(f"{failed} requests failed; the document lists them")


def run_benchmark(size: Size, report: measure.Report, *, quick: bool) -> dict[str, Any]:
    """Starts all targets, fills their indexes, measures them, and returns the record of the run."""
    free = shutil.disk_usage(tempfile.gettempdir()).free // 10**9
    if free < REQUIRED_GB[quick]:
        raise OSError(f"{tempfile.gettempdir()} has {free} GB free, but a run needs {REQUIRED_GB[quick]} GB")
    before = machine.load()
    with tempfile.TemporaryDirectory(prefix="image-store-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        report("making synthetic images")
        sent = bodies.write_all(folder / "bodies")
        big = bodies.write(folder / "bodies", "large", [studies.multiframe(LARGE_FRAMES)])
        report("starting PostgreSQL, two replicas, two nginx and two bare Orthancs")
        (folder / "store").mkdir()
        with targets.run_targets(folder, rendered(STACK)) as bench:
            filled = index.fill(bench, sent["smalls"], size.instances, report)
            for target in results.PAIR:
                scenarios.prepare(bench.targets[target], sent, size)
            cached = {name: scenarios.metadata_cpu_ms(bench.targets[name], size) for name in results.PAIR}
            samples = measure.run_rounds(bench, scenarios.scenarios(sent, size), size, folder / "k6", report)
            run, timed = k6.new_run(), []
            for number in range(size.large):
                for target in results.PAIR:
                    one = scenarios.measure_large(bench.targets[target], big, run, number)
                    timed.append(one)
                    report(f"large, {target}: {one['stow_seconds']:.1f} s in, {one['wado_seconds']:.1f} s out")
            return {
                "measured": datetime.now(UTC).date().isoformat(),
                "quick": quick,
                "rounds": size.rounds,
                "machine": machine.describe(),
                "versions": {**targets.versions(bench), "k6": k6.version()},
                "load": {"before": before, "after": machine.load()},
                "targets": {one.name: one.title for one in bench.targets.values()},
                "fill": filled,
                "instance_bytes": sent["slice"].payload,
                "metadata_cpu_ms": cached,
                "samples": samples,
                "large": timed,
            }


if __name__ == "__main__":
    app()
