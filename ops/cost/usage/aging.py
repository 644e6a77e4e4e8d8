"""Images by age: the volume in each storage class in each month, and the transitions between classes.

Images arrive evenly, so after `t` months the amount younger than `a` months is `min(t, a)` months of arrivals; a
month is billed at its mean. Months are twelfths of a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

MONTH_DAYS = Decimal(365) / 12
MIN_BILLED_MB = Decimal("0.128")
"""STANDARD_IA and GLACIER_IR bill an object as at least 128 KB. https://aws.amazon.com/s3/pricing/"""


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A transition of images to a storage class at an age of `months`."""

    storage_class: str
    months: Decimal


def transitions(rules: list[Mapping[str, Any]], instance_mb: Decimal) -> list[Transition]:
    """The transitions of a bucket's lifecycle rules that apply to instances of this size, by age."""
    found = []
    for rule in rules:
        minimum_mb = Decimal(str((rule.get("filter") or {}).get("objectSizeGreaterThan", 0))) / 1_000_000
        if rule.get("status") != "Enabled" or instance_mb <= minimum_mb:
            continue
        found += [
            Transition(storage_class=step["storageClass"], months=Decimal(str(step["days"])) / MONTH_DAYS)
            for step in rule.get("transitions") or ()
        ]
    return sorted(found, key=lambda transition: transition.months)


def _months_younger_than(age: Decimal, month: int) -> Decimal:
    """Mean months of arrivals younger than `age` during `month`, counted from 0."""

    def integral(end: Decimal) -> Decimal:
        return end * end / 2 if end <= age else age * age / 2 + age * (end - age)

    return integral(Decimal(month + 1)) - integral(Decimal(month))


def stored_months(steps: list[Transition], month: int) -> dict[str, Decimal]:
    """Mean months of arrivals in each storage class during `month`."""
    ages = [*(step.months for step in steps), Decimal("Infinity")]
    bounds = [Decimal(), *(_months_younger_than(age, month) for age in ages)]
    classes = ["STANDARD", *(step.storage_class for step in steps)]
    return {name: younger - youngest for name, (youngest, younger) in zip(classes, pairwise(bounds), strict=True)}


def entering_months(step: Transition, month: int) -> Decimal:
    """Months of arrivals that reach the age of `step` during `month`."""
    return max(month + 1 - step.months, Decimal()) - max(month - step.months, Decimal())
