"""Log groups and alarms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import Finding, Resource, Settings
from hipaa.reading.values import number
from hipaa.rule import rule
from hipaa.selector import is_selected, selector_schema


@rule("LOG-01", types.LOG_GROUP)
def is_encrypted(group: Resource, _settings: Settings) -> Iterator[Finding]:
    """Log groups are encrypted with a KMS key of the account."""
    return group.require_set("kmsKeyId", "it is not encrypted with a KMS key of the account")


@rule(
    "LOG-02",
    types.LOG_GROUP,
    schema={
        "days": {"type": "integer", "default": 365, "minimum": 1},
        "audit_days": {"type": "integer", "default": 2192, "minimum": 1},
        **selector_schema(["*audit*", "*cloudtrail*"], ["audit"]),
    },
)
def has_retention(group: Resource, settings: Settings) -> Iterator[Finding]:
    """Log groups set a retention that is long enough; 0 means no expiry.

    An absent value is a violation although AWS then keeps all events: the retention must be explicit.
    """
    min_days = settings["audit_days"] if is_selected(group, settings) else settings["days"]

    def is_long_enough(value: Any) -> bool:
        days = number(value)
        return days is not None and (days == 0 or days >= min_days)

    return group.require("retentionInDays", is_long_enough, f"the retention is not at least {min_days} days")


@rule("LOG-03", types.METRIC_ALARM)
def has_actions(alarm: Resource, _settings: Settings) -> Iterator[Finding]:
    """Alarms notify, also on insufficient data. Absent `actionsEnabled` means enabled."""
    yield from alarm.require_set("alarmActions", "no action runs when the alarm enters ALARM")
    yield from alarm.require_set("insufficientDataActions", "no action runs when the alarm has insufficient data")
    if str(alarm.get("actionsEnabled")).lower() == "false":
        yield from alarm.require_true("actionsEnabled", "the actions of the alarm are off")
