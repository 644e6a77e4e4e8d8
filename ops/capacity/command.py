"""`python -m ops capacity`: a simulation of a stack's scaling, recommended settings, or the limits to its growth."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.capacity.alternatives import ALTERNATIVES, Scenario, run_all
from ops.capacity.chart import render_chart
from ops.capacity.cost import stack_cost
from ops.capacity.demand.service_times import read_service_times
from ops.capacity.demand.volume import Volume, demand
from ops.capacity.errors import CapacityError
from ops.capacity.growth.basis import basis, compute_cost
from ops.capacity.growth.forecast import forecast_growth
from ops.capacity.progress import show_progress
from ops.capacity.recommend import recommend_settings, swept_choices
from ops.capacity.report import build_report
from ops.capacity.scaling.reader import read_scaling
from ops.cost.stack import settings_of
from ops.plan import Plan, plan

DEFAULT_WEEKS = 52
SWEEP_WEEKS = 6
TABLE_WIDTH = 132


def capacity_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")],
    *,
    weeks: Annotated[int | None, typer.Option(help="Weeks to simulate: 52, or 6 for each choice of a sweep.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random noise and demand spikes.")] = 1,
    factor: Annotated[float, typer.Option(help="Load of a demand spike, as a multiple of the scheduled load.")] = 4.0,
    gb_a_month: Annotated[float, typer.Option(help="Volume of a month in GB.")] = 212.55,
    image_mb: Annotated[float, typer.Option(help="Mean size of an image in MB.")] = 0.5,
    reads: Annotated[float, typer.Option(help="Images read per image stored.")] = 1.0,
    searches: Annotated[float, typer.Option(help="Searches per image stored.")] = 0.25,
    multiple: Annotated[float, typer.Option(help="Sizing load, as a multiple of the month's mean.")] = 60.0,
    recommend: Annotated[bool, typer.Option("--recommend", help="Simulate a grid of settings, name the best.")] = False,
    scale: Annotated[str | None, typer.Option(help="Multiples of the study, such as 1,10,100: check limits.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Write the first simulated week to this HTML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Simulate a stack's scaling: refused requests, waits, task-hours, cost. Exits with 2 if a rule does not hold."""
    volume = Volume(gb_a_month=gb_a_month, image_mb=image_mb, reads=reads, searches=searches, multiple=multiple)
    scales = None if scale is None else parse_scales(scale)
    for name, value in (("--weeks", 1 if weeks is None else weeks), ("--factor", factor)):
        if not 0 < value < math.inf:
            raise CapacityError(f"{name} {value:g}: it must be a number above 0")
    if recommend and scales:
        raise CapacityError("--recommend and --scale cannot be combined")
    if chart:
        check_chart(chart, other="--scale" if scales else "--recommend" if recommend else "")
    times = read_service_times()
    load_1 = demand(volume, times)
    with Console(stderr=True).status(f"Planning {stack} …"):
        planned = plan(stack)
    scenario = Scenario(
        declared=read_scaling(planned),
        demand=load_1,
        weeks=weeks or (SWEEP_WEEKS if recommend else DEFAULT_WEEKS),
        seed=seed,
        factor=factor,
    )
    if scales:
        _forecast(planned, scenario, volume, scales, as_json=as_json)
    elif recommend:
        _recommend(scenario, as_json=as_json)
    else:
        _simulate(scenario, times.source, chart, as_json=as_json)


def parse_scales(text: str) -> list[float]:
    """Scales from text such as `1,10,100`. Raises CapacityError unless each is a number above 0."""
    try:
        scales = [float(part) for part in text.split(",")]
    except ValueError:
        raise CapacityError(f"--scale {text}: it must be a list of numbers, such as 1,10,100") from None
    for value in scales:
        if not 0 < value < math.inf:
            raise CapacityError(f"--scale {value:g}: it must be a number above 0")
    return scales


def check_chart(chart: Path, *, other: str) -> None:
    """Raises CapacityError for a chart without a simulated week or at a path that cannot be a file."""
    if other:
        raise CapacityError(f"--chart draws a simulated week and cannot be combined with {other}")
    if chart.is_dir():
        raise CapacityError(f"--chart {chart}: it is a folder, name a file")
    if not chart.parent.is_dir():
        raise CapacityError(f"--chart {chart}: the folder {chart.parent} does not exist")


def _simulate(scenario: Scenario, source: str, chart: Path | None, *, as_json: bool) -> None:
    start = time.monotonic()
    with show_progress(f"Simulating {scenario.weeks} weeks", len(ALTERNATIVES)) as count:
        outcomes = run_all(scenario, count)
    found = build_report(scenario, source, outcomes, seconds=time.monotonic() - start)
    if chart:
        try:
            chart.write_text(render_chart(found), encoding="utf-8")
        except OSError as error:
            raise CapacityError(f"--chart {chart}: it cannot be written: {error.strerror}") from None
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        _wide_console().print(found.table())
    if not all(check.holds for check in found.checks):
        raise typer.Exit(2)


def _recommend(scenario: Scenario, *, as_json: bool) -> None:
    choices = {tier: swept_choices(scenario, tier) for tier in scenario.declared.tiers}
    with show_progress("Simulating choices", sum(map(len, choices.values()))) as count:
        found = [recommend_settings(scenario, tier, tried, count) for tier, tried in choices.items()]
    if as_json:
        typer.echo(json.dumps({one.tier: one.to_json() for one in found}, indent=2))
        return
    for one in found:
        _wide_console().print(one.table())
        typer.echo(one.sentence)


def _forecast(plan: Plan, scenario: Scenario, volume: Volume, scales: Sequence[float], *, as_json: bool) -> None:
    start = basis(plan, scenario.declared, scenario.demand, volume)
    monthly = stack_cost(plan, settings_of(plan.stack), compute_cost(start, scenario.prices))
    with Console(stderr=True).status("Pricing scales …"):
        found = forecast_growth(start, scales, monthly)
    if as_json:
        typer.echo(json.dumps([one.to_json(start.peak) for one in found], indent=2))
        return
    for one in found:
        typer.echo("\n  - ".join([one.title(start.peak), *one.lines(start.peak)]))


def _wide_console() -> Console:
    """A console that is wide enough for the tables, also without a terminal."""
    return Console(width=max(Console().width, TABLE_WIDTH), soft_wrap=True)
