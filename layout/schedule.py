"""The study's week as capacity over time: which period begins when, and how many tasks it calls for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Literal, Protocol

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES


class Window(Protocol):
    """Hours of some weekdays; an end of 00:00 is the midnight at the end of the day."""

    @property
    def days(self) -> Sequence[Day]: ...
    @property
    def start(self) -> time: ...
    @property
    def end(self) -> time: ...


class Period(Protocol):
    """A load level and the windows in which it applies."""

    @property
    def name(self) -> str: ...
    @property
    def load(self) -> float: ...
    @property
    def windows(self) -> Sequence[Window]: ...


class Schedule(Protocol):
    """Periods that share the 168 hours of a week."""

    @property
    def periods(self) -> Sequence[Period]: ...


class TierSize(Protocol):
    """The range of a service, and its tasks for load 1."""

    @property
    def min(self) -> int: ...
    @property
    def max(self) -> int: ...
    @property
    def tasks_per_load(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Transition:
    """The moment a period begins. `cron` is in the schedule's time zone; `label` is unique within the schedule."""

    period: Period
    cron: str
    label: str


def minutes(window: Window) -> tuple[int, int]:
    """Minute of the day at which `window` begins and ends; midnight as an end is minute 1440."""
    start = window.start.hour * 60 + window.start.minute
    end = window.end.hour * 60 + window.end.minute
    return start, end or DAY_MINUTES


def spans(schedule: Schedule) -> Iterator[tuple[int, int, Period]]:
    """Start and end minute of the week of every window, day by day, with its period."""
    for period in schedule.periods:
        for window in period.windows:
            start, end = minutes(window)
            for day in window.days:
                midnight = DAYS.index(day) * DAY_MINUTES
                yield midnight + start, midnight + end, period


def transitions(schedule: Schedule, *, lead: int = 0) -> list[Transition]:
    """One transition per period and time of day, for all the days on which the period begins then.

    A window that continues the same period from the minute before begins nothing. Where the load rises, the transition
    is `lead` minutes early, but always later than the window before it begins.
    """
    ordered = sorted(spans(schedule), key=lambda span: span[0])
    begins: dict[tuple[str, int], list[Day]] = {}
    periods = {period.name: period for period in schedule.periods}
    for position, (start, _, period) in enumerate(ordered):
        begun, _, before = ordered[position - 1]
        if before.name != period.name or (len(periods) == 1 and position == 0):
            early = min(lead, (start - begun) % WEEK_MINUTES - 1) if period.load > before.load else 0
            moment = (start - early) % WEEK_MINUTES
            begins.setdefault((period.name, moment % DAY_MINUTES), []).append(DAYS[moment // DAY_MINUTES])
    return [
        Transition(
            period=periods[name],
            cron=f"cron({minute % 60} {minute // 60} ? * {','.join(day.upper() for day in days)} *)",
            label=f"{name}-{minute // 60:02}{minute % 60:02}",
        )
        for (name, minute), days in begins.items()
    ]


def tasks(load: float, tier: TierSize) -> int:
    """Tasks that carry `load`."""
    return math.ceil(load * tier.tasks_per_load)


def capacity(load: float, tier: TierSize) -> tuple[int, int]:
    """Minimum and maximum number of tasks at `load`; a load of 0 switches the tier off."""
    if load == 0:
        return 0, 0
    return max(tier.min, tasks(load, tier)), tier.max
