"""The cost of capacity: hours of tasks and of database capacity in USD."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ops.capacity.scaling.declared import Tier
from ops.cost import Usage, estimate
from ops.cost.prices.book import load_prices
from ops.plan import Plan
from settings import Settings

SCALED_PRICES = ("fargate.", "aurora.slv2.")
"""Prefixes of the prices of scaled resources, which `stack_cost` takes from the simulation instead of `ops cost`."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """USD an hour for Linux on ARM64, on demand."""

    vcpu: float
    gb: float
    acu: float

    @classmethod
    def current(cls) -> Prices:
        """The prices of the price file."""
        book = load_prices()
        names = ("fargate.arm.vcpu_h", "fargate.arm.gb_h", "aurora.slv2.acu_h")
        vcpu, gb, acu = (float(book[name].value) for name in names)
        return cls(vcpu=vcpu, gb=gb, acu=acu)


def dollars(tiers: Mapping[str, Tier], task_hours: Mapping[str, float], acu_hours: float, prices: Prices) -> float:
    """USD for task-hours by tier and the ACU-hours of all instances together."""
    tasks = sum(
        hours * (tiers[name].vcpu * prices.vcpu + tiers[name].memory * prices.gb) for name, hours in task_hours.items()
    )
    return tasks + acu_hours * prices.acu


def stack_cost(plan: Plan, settings: Settings, compute: Callable[[float], float]) -> Callable[[float], float]:
    """A function from scale to mean USD a month of the whole stack.

    `compute` gives the cost of tasks and database capacity; the rest is priced at `scale` times the settings' usage.
    """
    usage = Usage.of(settings.usage)

    def monthly(scale: float) -> float:
        whole = estimate(plan, settings, usage=usage.scale_volumes(Decimal(str(scale))))
        rest = sum(line.total for line in whole.lines if not line.price.id.startswith(SCALED_PRICES))
        return float(rest / len(whole.months)) + compute(scale)

    return monthly
