"""Log groups and alarms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.choice import choice, is_chosen
from hipaa.model import Finding, Resource, Settings
from hipaa.rule import rule
from hipaa.values import number


@rule("LOG-01", types.LOG_GROUP)
def encrypted(group: Resource, _settings: Settings) -> Iterator[Finding]:
    """Log groups are encrypted with a key of the account."""
    return group.is_set("kmsKeyId", "no key of the account encrypts it")


@rule(
    "LOG-02",
    types.LOG_GROUP,
    schema={
        "days": {"type": "integer", "default": 365, "minimum": 1},
        "audit_days": {"type": "integer", "default": 2192, "minimum": 1},
        **choice(["*audit*", "*cloudtrail*"], ["audit"]),
    },
)
def kept(group: Resource, settings: Settings) -> Iterator[Finding]:
    """Log groups say how long they keep events, and it is long enough; 0 is for ever.

    Absent is a violation although AWS keeps everything then: nobody has decided it.
    """
    least = settings["audit_days"] if is_chosen(group, settings) else settings["days"]

    def is_enough(value: Any) -> bool:
        days = number(value)
        return days is not None and (days == 0 or days >= least)

    return group.expect("retentionInDays", is_enough, f"events are not said to be kept for at least {least} days")


@rule("LOG-03", types.METRIC_ALARM)
def rings(alarm: Resource, _settings: Settings) -> Iterator[Finding]:
    """Alarms tell somebody, also when they have no data. Absent `actionsEnabled` is AWS's default, which is on."""
    yield from alarm.is_set("alarmActions", "nobody is told when the alarm goes off")
    yield from alarm.is_set("insufficientDataActions", "nobody is told when the alarm has no data")
    if str(alarm.get("actionsEnabled")).lower() == "false":
        yield from alarm.is_true("actionsEnabled", "the actions of the alarm are off")
