"""`python -m ops capacity`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ops.capacity.errors import CapacityError

if TYPE_CHECKING:
    from ops.capacity.alternatives import Scenario
    from ops.capacity.growth import Growth

DEFAULT_WEEKS = 52
SWEEP_WEEKS = 6
WIDTH = 132


def capacity_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")],
    *,
    weeks: Annotated[int | None, typer.Option(help="Weeks to simulate: 52, or 6 for each choice of a sweep.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the noise and of the surprises.")] = 1,
    factor: Annotated[float, typer.Option(help="Surprise bursts: the hour's load times this.")] = 4.0,
    gb_a_month: Annotated[float, typer.Option(help="Volume of a month in GB.")] = 212.55,
    image_mb: Annotated[float, typer.Option(help="Mean size of an image in MB.")] = 0.5,
    reads: Annotated[float, typer.Option(help="Images read per image stored.")] = 1.0,
    searches: Annotated[float, typer.Option(help="Searches per image stored.")] = 0.25,
    multiple: Annotated[float, typer.Option(help="Load that is sized for, as a multiple of the month's mean.")] = 60.0,
    recommend: Annotated[bool, typer.Option("--recommend", help="Sweep settings and say which are best.")] = False,
    scale: Annotated[str | None, typer.Option(help="Multiples of the study to reckon limits for: 1,10,100.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Write the first week as an HTML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """How a stack's scaling follows the study: refusals, waits, task-hours, dollars. Exits 2 if a bound is broken."""
    # The command line starts without all of this.
    from ops.capacity import alternatives, demand, growth, money, service  # noqa: PLC0415
    from ops.capacity.declared import declared  # noqa: PLC0415
    from ops.cost.stack import settings_of  # noqa: PLC0415
    from ops.plan import plan  # noqa: PLC0415

    volume = demand.Volume(gb_a_month=gb_a_month, image_mb=image_mb, reads=reads, searches=searches, multiple=multiple)
    scales = None if scale is None else parse_scales(scale)
    for name, value in (("--weeks", 1 if weeks is None else weeks), ("--factor", factor)):
        if value <= 0:
            raise CapacityError(f"{name} {value:g}: it is above 0")
    if recommend and scales:
        raise CapacityError("--recommend and --scale are two questions: ask one at a time")
    times = service.read()
    planned = plan(stack)
    scenario = alternatives.Scenario(
        declared=declared(planned),
        demand=demand.demand(volume, times),
        weeks=weeks or (SWEEP_WEEKS if recommend else DEFAULT_WEEKS),
        seed=seed,
        factor=factor,
    )
    if scales:
        basis = growth.basis(planned, scenario.declared, scenario.demand, volume)
        monthly = money.everything(planned, settings_of(stack), growth.compute_cost(basis, scenario.prices))
        _growth(growth.growth(basis, scales, monthly), basis.peak, as_json=as_json)
    elif recommend:
        _recommend(scenario, as_json=as_json)
    else:
        _simulate(scenario, times.source, chart, as_json=as_json)


def parse_scales(text: str) -> list[float]:
    """Scales from `1,10,100`. Raises CapacityError for what is no number above 0."""
    try:
        scales = [float(part) for part in text.split(",")]
    except ValueError:
        raise CapacityError(f"--scale {text}: it is a list of numbers, such as 1,10,100") from None
    for value in scales:
        if not 0 < value < float("inf"):
            raise CapacityError(f"--scale {value:g}: it is a number above 0")
    return scales


def _console() -> Console:
    """Wide enough for the tables also where there is no terminal."""
    return Console(width=max(Console().width, WIDTH), soft_wrap=True)


def _simulate(scenario: Scenario, source: str, chart: Path | None, *, as_json: bool) -> None:
    from ops.capacity import alternatives, report  # noqa: PLC0415
    from ops.capacity.chart import html  # noqa: PLC0415

    begun = time.monotonic()
    outcomes = alternatives.run_all(scenario)
    found = report.report(scenario, source, outcomes, seconds=time.monotonic() - begun)
    if chart:
        chart.write_text(html(found), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        _console().print(found.table())
    if not all(check.holds for check in found.checks):
        raise typer.Exit(2)


def _recommend(scenario: Scenario, *, as_json: bool) -> None:
    from ops.capacity import recommend  # noqa: PLC0415

    answers = [recommend.answer(scenario, name) for name in scenario.declared.tiers]
    if as_json:
        typer.echo(json.dumps({answer.tier: answer.to_json() for answer in answers}, indent=2))
        return
    for answer in answers:
        _console().print(answer.table())
        typer.echo(answer.sentence)


def _growth(found: Sequence[Growth], peak: float, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([one.to_json(peak) for one in found], indent=2))
        return
    for one in found:
        typer.echo("\n  - ".join([one.title(peak), *one.lines(peak)]))
