"""The outcome of a simulation: waits and refused requests by window, hours, and a week of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops.capacity.demand.spikes import DemandSpike
from ops.capacity.simulation.waits import Histogram

SPIKE_LATER_MINUTES = 3


@dataclass
class Window:
    """Waits and refused requests of a set of minutes."""

    waits: Histogram = field(default_factory=Histogram)
    refused: float = 0.0
    minutes: int = 0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The state of one minute, for the chart."""

    load: float
    web: int
    app: int
    acu: float
    wait: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Windows by name, task-hours by tier, ACU-hours of one instance, and samples of the first week."""

    windows: dict[str, Window]
    task_hours: dict[str, float]
    acu_hours: float
    samples: list[Sample]


SCHEDULED, SPIKE, SPIKE_LATER = "scheduled", "spike", "spike, from minute 3"
"""Names of the windows: no spike, the first minutes of a spike, and its rest with the half hour after it."""


def window_names(minutes: int, spikes: Sequence[DemandSpike]) -> list[str]:
    """The window of each minute; the half hour after a spike belongs to the spike."""
    result = [SCHEDULED] * minutes
    for spike in spikes:
        for minute in range(spike.minute, min(spike.minute + spike.minutes + 30, minutes)):
            result[minute] = SPIKE if minute < spike.minute + SPIKE_LATER_MINUTES else SPIKE_LATER
    return result


def empty_windows() -> dict[str, Window]:
    """An empty window for each name."""
    return {name: Window() for name in (SCHEDULED, SPIKE, SPIKE_LATER)}
