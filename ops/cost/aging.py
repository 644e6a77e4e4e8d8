"""Images that grow older: what is stored in each storage class in each month, and what moves between them.

Images arrive evenly, so at `t` months the amount younger than `a` months is `min(t, a)` months of arrivals; a month's
bill is the mean of that over the month. Months are twelfths of a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

MONTH_DAYS = Decimal(365) / 12
SMALLEST_BILLED_MB = Decimal("0.128")
"""STANDARD_IA and GLACIER_IR bill an object as at least 128 KB. https://aws.amazon.com/s3/pricing/"""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A storage class that images enter at an age of `months`."""

    storage_class: str
    months: Decimal


def moves(rules: list[Mapping[str, Any]], instance_mb: Decimal) -> list[Moved]:
    """The moves that the rules of a bucket's lifecycle make with instances of this size, youngest first."""
    found = []
    for rule in rules:
        smallest = Decimal(str((rule.get("filter") or {}).get("objectSizeGreaterThan", 0))) / 1_000_000
        if rule.get("status") != "Enabled" or instance_mb <= smallest:
            continue
        found += [
            Moved(storage_class=step["storageClass"], months=Decimal(str(step["days"])) / MONTH_DAYS)
            for step in rule.get("transitions") or ()
        ]
    return sorted(found, key=lambda move: move.months)


def _younger(age: Decimal, month: int) -> Decimal:
    """Mean months of arrivals younger than `age` during `month`, counted from 0."""

    def integral(end: Decimal) -> Decimal:
        return end * end / 2 if end <= age else age * age / 2 + age * (end - age)

    return integral(Decimal(month + 1)) - integral(Decimal(month))


def stored(steps: list[Moved], month: int) -> dict[str, Decimal]:
    """Months of arrivals in each storage class, on the mean of `month`."""
    ages = [*(step.months for step in steps), Decimal("Infinity")]
    younger = [Decimal(), *(_younger(age, month) for age in ages)]
    classes = ["STANDARD", *(step.storage_class for step in steps)]
    return {name: most - least for name, (least, most) in zip(classes, pairwise(younger), strict=True)}


def entered(step: Moved, month: int) -> Decimal:
    """Months of arrivals that reach the age of `step` during `month`."""
    return max(month + 1 - step.months, Decimal()) - max(month - step.months, Decimal())
