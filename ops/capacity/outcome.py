"""What a run of the simulation gives: waits and refusals by window of time, hours, and a week of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops.capacity.demand import Surprise
from ops.capacity.waits import Histogram

AFTER_MINUTES = 3


@dataclass
class Window:
    """What happened to the requests of some minutes."""

    waits: Histogram = field(default_factory=Histogram)
    refused: float = 0.0
    minutes: int = 0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A minute for the chart."""

    load: float
    web: int
    app: int
    acu: float
    wait: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run gave: windows by name, hours of tasks by tier, ACU-hours of one instance, its first week."""

    windows: dict[str, Window]
    task_hours: dict[str, float]
    acu_hours: float
    samples: list[Sample]


SCHEDULED, SURPRISE, LATER = "scheduled", "surprise", "surprise, from minute 3"


def labels(minutes: int, bursts: Sequence[Surprise]) -> list[str]:
    """Window of each minute; the half hour after a burst still is the burst's."""
    result = [SCHEDULED] * minutes
    for burst in bursts:
        for minute in range(burst.minute, min(burst.minute + burst.minutes + 30, minutes)):
            result[minute] = SURPRISE if minute < burst.minute + AFTER_MINUTES else LATER
    return result


def windows() -> dict[str, Window]:
    """Every window, empty."""
    return {name: Window() for name in (SCHEDULED, SURPRISE, LATER)}
