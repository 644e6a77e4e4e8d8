"""The week, the tiers that follow it, and the database that has to bear them."""

from __future__ import annotations

import math
from itertools import pairwise

from components import schedule as week
from settings.models import DatabaseSettings, Schedule, TierSettings
from settings.rules.network import DEPLOYMENT_FACTOR
from settings.rules.problem import Problem, Problems, Rule

FARGATE_MEMORY: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""CPU units to MiB; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"""

MAX_CONNECTIONS = ((1, 189), (4, 823), (8, 1669), (16, 3360), (32, 5000))
"""Largest ACU to connections; below 1 ACU of minimum capacity never more than 2,000.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"""

LOW_MINIMUM_CONNECTIONS = 2000
OPERATOR_CONNECTIONS = 20
WEEK_HOURS = 168


def schedule_covers_the_week(schedule: Schedule) -> Problems:
    """A week has 168 hours, and each belongs to exactly one period."""
    names = [period.name for period in schedule.periods]
    for name in {name for name in names if names.count(name) > 1}:
        yield Problem(
            key="schedule.periods", value=name, rule="two periods have this name", remedy="Merge them into one"
        )
    spans = sorted(week.spans(schedule), key=lambda span: span[:2])
    for start, end, period in spans:
        if end <= start:
            yield Problem(
                key=f"schedule.periods.{period.name}",
                value=f"{start % 1440 // 60:02}:{start % 60:02}",
                rule="the window ends before it begins",
                remedy="Split a window that passes midnight in two, the first ending 00:00",
            )
    for (_, end, first), (start, _, second) in pairwise(spans):
        if start < end:
            yield Problem(
                key=f"schedule.periods.{second.name}",
                value=f"{week.DAYS[start // 1440]} {start % 1440 // 60:02}:{start % 60:02}",
                rule=f"the window overlaps one of {first.name}",
                remedy="Let each hour of the week belong to one period",
            )
    hours = sum(end - start for start, end, _ in spans) / 60
    if hours != WEEK_HOURS:
        yield Problem(
            key="schedule.periods",
            value=f"{hours:g} h",
            rule=f"the windows add up to {hours:g} h, a week has {WEEK_HOURS}",
            remedy="Add or shorten windows until every hour is covered once",
        )


def _tier(name: str, tier: TierSettings, schedule: Schedule | None) -> Problems:
    offered = FARGATE_MEMORY.get(tier.cpu)
    if offered is None or tier.memory not in offered:
        choice = f"with cpu {tier.cpu}: {offered[0]} to {offered[-1]}" if offered else f"cpu: {list(FARGATE_MEMORY)}"
        yield Problem(
            key=f"{name}.cpu" if offered is None else f"{name}.memory",
            value=f"{tier.cpu} CPU units, {tier.memory} MiB",
            rule="Fargate offers no such pair",
            remedy=f"Choose {choice}",
        )
    if tier.min > tier.max:
        yield Problem(
            key=f"{name}.min", value=tier.min, rule=f"it is above {name}.max {tier.max}", remedy="Swap or correct them"
        )
    if schedule is None:
        return
    peak = max(period.load for period in schedule.periods)
    needed = math.ceil(peak * tier.tasks_per_load)
    if needed > tier.max:
        yield Problem(
            key=f"{name}.max",
            value=tier.max,
            rule=f"the schedule's load {peak:g} needs {needed} tasks",
            remedy=f"Raise it to {needed} or more",
        )


def web_tier_fits(web: TierSettings, schedule: Schedule) -> Problems:
    """Fargate sells certain sizes; the range holds the schedule's peak."""
    return _tier("web", web, schedule)


def app_tier_fits(app: TierSettings, schedule: Schedule) -> Problems:
    """Fargate sells certain sizes; the range holds the schedule's peak."""
    return _tier("app", app, schedule)


def max_connections(database: DatabaseSettings) -> int:
    """Connections the cluster accepts: set by its largest capacity, capped where the smallest is below 1 ACU."""
    offered = max((limit for acu, limit in MAX_CONNECTIONS if acu <= database.max_acu), default=90)
    return min(offered, LOW_MINIMUM_CONNECTIONS) if database.min_acu < 1 else offered


def database_capacity_is_a_range(database: DatabaseSettings) -> Problems:
    """Minimum at most maximum; only a minimum of 0 can pause."""
    if database.min_acu > database.max_acu or database.max_acu < 1:
        yield Problem(
            key="database.max_acu",
            value=database.max_acu,
            rule=f"it is at least 1 and not below database.min_acu {database.min_acu:g}",
            remedy="Raise it",
        )
    if database.auto_pause_seconds is not None and database.min_acu != 0:
        yield Problem(
            key="database.auto_pause_seconds",
            value=database.auto_pause_seconds,
            rule="a cluster pauses only from a minimum of 0 ACU",
            remedy="Set database.min_acu to 0, or leave the pause out",
        )


def database_accepts_every_task(app: TierSettings, database: DatabaseSettings) -> Problems:
    """In a deployment at full scale every old and new task holds its whole pool."""
    needed = app.max * database.connections_per_task * DEPLOYMENT_FACTOR + OPERATOR_CONNECTIONS
    accepted = max_connections(database)
    if needed > accepted:
        yield Problem(
            key="database.connections_per_task",
            value=database.connections_per_task,
            rule=f"{app.max} app tasks would open up to {needed} connections; the database accepts {accepted}",
            remedy="Lower it or app.max, or raise database.max_acu",
        )


RULES: tuple[Rule, ...] = (
    schedule_covers_the_week,
    web_tier_fits,
    app_tier_fits,
    database_capacity_is_a_range,
    database_accepts_every_task,
)
