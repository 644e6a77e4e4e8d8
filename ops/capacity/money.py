"""What capacity costs: the one place where hours become dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.capacity.declared import Tier


@dataclass(frozen=True, kw_only=True)
class Prices:
    """USD an hour, us-east-1, Linux on ARM64, on demand. Identifiers of the price list: fargate.arm.vcpu_h,
    fargate.arm.gb_h, aurora.slv2.acu_h.
    https://aws.amazon.com/fargate/pricing/, https://aws.amazon.com/rds/aurora/pricing/
    """

    vcpu: float = 0.03238
    gb: float = 0.00356
    acu: float = 0.12


def dollars(tiers: Mapping[str, Tier], task_hours: Mapping[str, float], acu_hours: float, prices: Prices) -> float:
    """Cost of task-hours by tier and of ACU-hours of all instances together."""
    tasks = sum(
        hours * (tiers[name].vcpu * prices.vcpu + tiers[name].memory * prices.gb) for name, hours in task_hours.items()
    )
    return tasks + acu_hours * prices.acu
