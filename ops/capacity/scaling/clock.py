"""Local time: when scheduled actions run, and the load of each minute, through changes of the clock.

A local time that does not exist in spring is taken an hour later (02:30 becomes 03:30); one that exists twice in autumn
is taken the first time.
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from layout.schedule import DAYS, spans
from ops.capacity.errors import CapacityError
from ops.capacity.scaling.declared import ScheduledAction
from settings import Schedule

CRON = re.compile(r"cron\((\d+) (\d+) \? \* ([A-Z]{3}(?:,[A-Z]{3})*) \*\)")


def instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The moment in UTC at which a clock in `zone` shows `minute` of `day`."""
    local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
    return local.astimezone(UTC)


def monday(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def run_times(action: ScheduledAction, begin: datetime, weeks: int) -> Iterator[datetime]:
    """The moments in the `weeks` from `begin` at which a scheduled action runs, in order."""
    match = CRON.fullmatch(action.cron)
    if not match:
        raise CapacityError(f"scheduled action {action.name}: only cron(minute hour ? * DAYS *) is supported")
    at = int(match[2]) * 60 + int(match[1])
    wanted = {DAYS.index(name.lower()) for name in match[3].split(",")}
    zone = ZoneInfo(action.zone)
    day, end = begin.astimezone(zone).date(), begin + timedelta(weeks=weeks)
    while (moment := instant(day, 0, zone)) < end:
        if day.weekday() in wanted and begin <= (moment := instant(day, at, zone)) < end:
            yield moment
        day += timedelta(days=1)


def minute_loads(schedule: Schedule, begin: datetime, weeks: int) -> array[float]:
    """Load of each minute from `begin`, by the period at local time."""
    zone = ZoneInfo(schedule.time_zone)
    week = array("d", bytes(8 * 7 * 24 * 60))
    for start, end, period in spans(schedule):
        week[start:end] = array("d", [period.load]) * (end - start)
    result = array("d")
    for quarter in range(weeks * 7 * 24 * 4):  # clocks change, and zones differ, by whole quarters of an hour
        local = (begin + timedelta(minutes=15 * quarter)).astimezone(zone)
        first = local.weekday() * 1440 + local.hour * 60 + local.minute
        result.extend(week[first : first + 15])
    return result


def period_hours(schedule: Schedule) -> dict[str, float]:
    """Hours of each period in a week."""
    total = {period.name: 0.0 for period in schedule.periods}
    for start, end, period in spans(schedule):
        total[period.name] += (end - start) / 60
    return total
