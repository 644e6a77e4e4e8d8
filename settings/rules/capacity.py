"""The schedule, the tiers that scale with it, and the database they connect to."""

from __future__ import annotations

from layout import schedule as week
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
"""Maximum ACU to connections; with a minimum below 1 ACU never more than 2,000.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"""

LOW_MINIMUM_CONNECTIONS = 2000
OPERATOR_CONNECTIONS = 20
WEEK_HOURS = 168


def period_names_are_distinct(schedule: Schedule) -> Problems:
    """A scheduled action has its period's name."""
    names = [period.name for period in schedule.periods]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(
            key="schedule.periods", value=name, rule="two periods have this name", remedy="Merge them into one"
        )


def windows_end_after_they_begin(schedule: Schedule) -> Problems:
    """A window lies within a day."""
    for period in schedule.periods:
        for window in period.windows:
            start, end = week.minutes(window)
            if end <= start:
                yield Problem(
                    key=f"schedule.periods.{period.name}",
                    value=f"{window.start:%H:%M} to {window.end:%H:%M}",
                    rule="the window ends before it begins",
                    remedy="Split a window that passes midnight in two, the first ending 00:00",
                )


def schedule_covers_the_week(schedule: Schedule) -> Problems:
    """A week has 168 hours, and each belongs to exactly one period."""
    if any(windows_end_after_they_begin(schedule)):
        return  # reported already; its coverage is undefined
    overlaps: dict[tuple[str, str], int] = {}
    free: list[tuple[int, int]] = []
    covered, last = 0, ""
    for start, end, period in sorted(week.spans(schedule), key=lambda span: span[:2]):
        if start < covered:
            overlaps.setdefault((last, period.name), start)
        elif start > covered:
            free.append((covered, start))
        if end > covered:
            covered, last = end, period.name
    if covered < week.WEEK_MINUTES:
        free.append((covered, week.WEEK_MINUTES))
    for (first, second), start in overlaps.items():
        yield Problem(
            key=f"schedule.periods.{second}",
            value=_moment(start),
            rule=f"the window overlaps one of {first}",
            remedy="Let each hour of the week belong to one period",
        )
    if free:
        hours = sum(end - start for start, end in free) / 60
        yield Problem(
            key="schedule.periods",
            value=f"{WEEK_HOURS - hours:g} h",
            rule=f"of the {WEEK_HOURS} hours of a week {hours:g} belong to no period, first {_moment(free[0][0])}",
            remedy="Add or lengthen windows until every hour is covered",
        )


def _moment(minute: int) -> str:
    day, rest = divmod(minute, week.DAY_MINUTES)
    return f"{week.DAYS[day]} {rest // 60:02}:{rest % 60:02}"


def _tier(name: str, tier: TierSettings, schedule: Schedule) -> Problems:
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
    peak = max(period.load for period in schedule.periods)
    needed = week.tasks(peak, tier)
    if needed > tier.max:
        yield Problem(
            key=f"{name}.max",
            value=tier.max,
            rule=f"the schedule's load {peak:g} needs {needed} tasks",
            remedy=f"Raise it to {needed} or more",
        )


def web_tier_fits(web: TierSettings, schedule: Schedule) -> Problems:
    """Fargate offers certain sizes; the range covers the schedule's peak."""
    return _tier("web", web, schedule)


def app_tier_fits(app: TierSettings, schedule: Schedule) -> Problems:
    """Fargate offers certain sizes; the range covers the schedule's peak."""
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
    period_names_are_distinct,
    windows_end_after_they_begin,
    schedule_covers_the_week,
    web_tier_fits,
    app_tier_fits,
    database_capacity_is_a_range,
    database_accepts_every_task,
)
