"""When AWS works on the database, in UTC: its own backup, its maintenance, and AWS Backup."""

from __future__ import annotations

from datetime import time

from layout.schedule import DAY_MINUTES, DAYS, Day

HOUR = 60

WINDOW_MINUTES = HOUR
"""Length of the backup window and of the maintenance window; RDS asks for 30 minutes or more."""

AWS_BACKUP_START = time(5)
AWS_BACKUP_START_MINUTES = HOUR
"""AWS Backup starts its daily job within this time."""

QUIET_MINUTES = HOUR
"""AWS Backup starts no job of a database in the hour before one of these windows.
https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html"""


def minutes(start: time) -> int:
    """Minutes since midnight."""
    return start.hour * HOUR + start.minute


def backup_window(start: time) -> str:
    """The window in which Aurora takes its daily backup, as RDS writes it: `03:00-04:00`."""
    return f"{_clock(minutes(start))}-{_clock(minutes(start) + WINDOW_MINUTES)}"


def maintenance_window(day: Day, start: time) -> str:
    """The weekly window in which RDS applies changes and patches, as RDS writes it: `sun:08:00-sun:09:00`."""
    end = minutes(start) + WINDOW_MINUTES
    end_day = DAYS[(DAYS.index(day) + end // DAY_MINUTES) % len(DAYS)]
    return f"{day}:{_clock(minutes(start))}-{end_day}:{_clock(end)}"


def overlaps(start: time, other: time) -> bool:
    """Whether a window from `start` shares time with one from `other`; either may pass midnight."""
    distance = (minutes(start) - minutes(other)) % DAY_MINUTES
    return distance < WINDOW_MINUTES or distance > DAY_MINUTES - WINDOW_MINUTES


def meets_aws_backup(start: time) -> bool:
    """Whether AWS Backup could start its daily job in a window from `start`, or in the hour before it."""
    since = (minutes(AWS_BACKUP_START) - minutes(start)) % DAY_MINUTES
    until = (minutes(start) - minutes(AWS_BACKUP_START)) % DAY_MINUTES
    return since < WINDOW_MINUTES or until < AWS_BACKUP_START_MINUTES + QUIET_MINUTES


def _clock(minute: int) -> str:
    hour, rest = divmod(minute % DAY_MINUTES, HOUR)
    return f"{hour:02}:{rest:02}"
