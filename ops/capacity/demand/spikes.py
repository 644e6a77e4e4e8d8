"""The load of each minute: the schedule's, noise, and demand spikes that no schedule knows."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

WEEK_MINUTES = 7 * 24 * 60
NOISE = 0.15
"""Standard deviation of the logarithm of a minute's load around its period's."""
NOISE_MINUTES = 10
"""Correlation time of the noise in minutes: the exponential decay to 1/e."""


@dataclass(frozen=True, kw_only=True)
class DemandSpike:
    """Unscheduled load: `factor` times the scheduled load from `minute` for `minutes`."""

    minute: int
    minutes: int = 30
    factor: float = 4.0


def demand_spikes(loads: Sequence[float], generator: random.Random, *, factor: float = 4.0) -> list[DemandSpike]:
    """One spike in each week of `loads` (a load per minute), alternately in an hour of load 1 and in any ordinary hour.

    A time is ordinary if its load is above 0, at most 1, and constant for the next two hours.
    """
    found = []
    for number, start in enumerate(range(0, len(loads) - WEEK_MINUTES + 1, WEEK_MINUTES)):
        # A change of load, or a load above 1, belongs to the schedule's own burst.
        starts = [
            at for at in range(start, start + WEEK_MINUTES - 120, 5) if 0 < loads[at] <= 1 and _is_level(loads, at)
        ]
        busy = [at for at in starts if loads[at] == 1]
        if starts:
            minute = generator.choice(busy if busy and number % 2 == 0 else starts)
            found.append(DemandSpike(minute=minute, factor=factor))
    return found


def _is_level(loads: Sequence[float], at: int) -> bool:
    return all(load == loads[at] for load in loads[at : at + 120 : 5])


def add_noise_and_spikes(
    loads: Sequence[float], spikes: Sequence[DemandSpike], generator: random.Random
) -> array[float]:
    """Load at the end of each minute: the scheduled load with reproducible noise and the spikes."""
    keep = math.exp(-1 / NOISE_MINUTES)
    shock = NOISE * math.sqrt(1 - keep * keep)
    state = 0.0
    result = array("d", bytes(8 * len(loads)))
    for minute, load in enumerate(loads):
        state = keep * state + generator.gauss(0, shock)
        result[minute] = load * math.exp(state - NOISE * NOISE / 2)
    for spike in spikes:
        for minute in range(spike.minute, min(spike.minute + spike.minutes, len(result))):
            result[minute] *= spike.factor
    return result
