"""What capacity costs: the one place where hours become dollars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ops.capacity.declared import Tier
from ops.cost import Usage, estimate
from ops.cost.prices import load
from ops.plan import Plan
from settings import Settings

COMPUTE = ("fargate.", "aurora.slv2.")
"""Price ids of what scales by itself: reckoned here, and not from the schedule's load as `ops cost` does it."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """USD an hour, Linux on ARM64, on demand."""

    vcpu: float
    gb: float
    acu: float

    @classmethod
    def current(cls) -> Prices:
        """Those of the price list that costs are reckoned with."""
        book = load()
        names = ("fargate.arm.vcpu_h", "fargate.arm.gb_h", "aurora.slv2.acu_h")
        vcpu, gb, acu = (float(book[name].value) for name in names)
        return cls(vcpu=vcpu, gb=gb, acu=acu)


def dollars(tiers: Mapping[str, Tier], task_hours: Mapping[str, float], acu_hours: float, prices: Prices) -> float:
    """Cost of task-hours by tier and of ACU-hours of all instances together."""
    tasks = sum(
        hours * (tiers[name].vcpu * prices.vcpu + tiers[name].memory * prices.gb) for name, hours in task_hours.items()
    )
    return tasks + acu_hours * prices.acu


def everything(plan: Plan, settings: Settings, compute: Callable[[float], float]) -> Callable[[float], float]:
    """USD a month at a scale for the whole stack: `compute` for tasks and database capacity, the rest as priced at so
    many times the usage of the settings, on the mean of the study.
    """
    usage = Usage.of(settings.usage)

    def monthly(scale: float) -> float:
        whole = estimate(plan, settings, usage=usage.scaled(Decimal(str(scale))))
        rest = sum(line.total for line in whole.lines if not line.price.id.startswith(COMPUTE)) / len(whole.months)
        return float(rest) + compute(scale)

    return monthly
