"""The first week of a simulation as an HTML page with SVG and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from ops.capacity.alternatives import FIXED
from ops.capacity.report import Report
from ops.capacity.simulation.outcome import Sample

TEMPLATE = Path(__file__).parent / "chart.html.j2"
WIDTH, HEIGHT = 1120, 150
POINT_MINUTES = 5
"""Minutes of a point, which shows their highest value."""
COLOURS = ("#0b6e4f", "#1f77b4", "#999999", "#c0392b")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One alternative as points of a polyline."""

    name: str
    colour: str
    points: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One quantity over the week; `top` is its highest value."""

    title: str
    top: str
    lines: tuple[Line, ...]


def polyline(values: Sequence[float], top: float) -> str:
    """Points of a step line over the panel's width: the highest value of every `POINT_MINUTES`."""
    peaks = [max(values[start : start + POINT_MINUTES]) for start in range(0, len(values), POINT_MINUTES)]
    scale = HEIGHT / top if top else 0.0
    points: list[str] = []
    last = None
    for number, value in enumerate(peaks):
        x, y = WIDTH * number / len(peaks), HEIGHT - value * scale
        if y != last:
            points += [] if last is None else [f"{x:.1f},{last:.1f}"]
            points.append(f"{x:.1f},{y:.1f}")
        last = y
    return " ".join([*points, f"{WIDTH},{last:.1f}"]) if last is not None else ""


def panels(report: Report) -> list[Panel]:
    """The panels: load, tasks of each tier, database capacity and the p99 wait."""
    quantities: list[tuple[str, str, Callable[[Sample], float]]] = [
        ("load", "", lambda sample: sample.load),
        ("app tasks", "", lambda sample: sample.app),
        ("web tasks", "", lambda sample: sample.web),
        ("database", " ACU", lambda sample: sample.acu),
        ("p99 wait", " s", lambda sample: sample.wait),
    ]
    result = []
    for title, unit, value in quantities:
        rows = report.rows[:1] if title == "load" else report.rows
        series = {row.name: [value(sample) for sample in row.outcome.samples] for row in rows if row.name != FIXED}
        top = max((max(values, default=0.0) for values in series.values()), default=0.0)
        colours = {row.name: colour for row, colour in zip(report.rows, COLOURS, strict=False)}
        lines = [Line(name=name, colour=colours[name], points=polyline(values, top)) for name, values in series.items()]
        result.append(Panel(title=title, top=f"{top:.3g}{unit}", lines=tuple(reversed(lines))))
    return result


def render_chart(report: Report) -> str:
    """The page of a report."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        panels=panels(report),
        width=WIDTH,
        height=HEIGHT,
        days=list(enumerate(DAYS)),
        json=report.to_json(),
    )
