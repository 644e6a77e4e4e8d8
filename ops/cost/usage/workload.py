"""The study's week as a month of work: the hours at each load, and the tasks and ACU that it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from layout import schedule as week
from settings import Schedule, TierSettings
from settings.models import Period

HOURS_MONTH = Decimal(730)
WEEKS_MONTH = HOURS_MONTH / 168
MIN_RUNNING_ACU = Decimal("0.5")
"""Minimum capacity of an Aurora instance that is not paused.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html"""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Hours a month at one `load`; `starts` is the number of times a month that the period begins."""

    period: Period
    load: Decimal
    hours: Decimal
    starts: Decimal


def spans(schedule: Schedule, load: Decimal) -> list[Span]:
    """The periods of the week as parts of a month of 730 hours, at `load` times their scheduled load."""
    minutes: dict[str, int] = {}
    for start, end, period in week.spans(schedule):
        minutes[period.name] = minutes.get(period.name, 0) + end - start
    starts: dict[str, int] = {}
    for transition in week.transitions(schedule):
        name = transition.period.name
        starts[name] = starts.get(name, 0) + transition.cron.split()[4].count(",") + 1
    return [
        Span(
            period=period,
            load=Decimal(str(period.load)) * load,
            hours=Decimal(minutes.get(period.name, 0)) / 60 * WEEKS_MONTH,
            starts=starts.get(period.name, 0) * WEEKS_MONTH,
        )
        for period in schedule.periods
    ]


def tasks(span: Span, tier: TierSettings) -> tuple[int, int]:
    """Tasks that run in `span`, and tasks that its load needs.

    A tier runs at least its scheduled minimum, follows the load above it, and stops at its maximum.
    """
    floor, ceiling = week.capacity(span.period.load, tier)
    needed = math.ceil(span.load * tier.tasks_per_load) if floor or ceiling else 0
    return min(max(floor, needed), ceiling), needed


def task_hours(spans: list[Span], tier: TierSettings) -> Decimal:
    """Task-hours of a tier in a month."""
    return sum((tasks(span, tier)[0] * span.hours for span in spans), Decimal())


def active_share(spans: list[Span]) -> Decimal:
    """Share of the month in which tasks run."""
    return sum((span.hours for span in spans if span.period.load), Decimal()) / HOURS_MONTH


def acu_hours(
    spans: list[Span], *, per_load: Decimal, minimum: Decimal, maximum: Decimal, pause_seconds: int | None
) -> Decimal:
    """ACU-hours of one instance in a month.

    It pauses only while the tiers are off, because Orthanc keeps its connections open, and only after `pause_seconds`.
    """
    total = Decimal()
    for span in spans:
        acu = min(max(span.load * per_load, minimum, MIN_RUNNING_ACU), maximum)
        hours = span.hours
        if pause_seconds is not None and not span.period.load:
            hours = min(hours, span.starts * pause_seconds / 3600)
        total += acu * hours
    return total
