"""A station: one tier while the simulation runs, and the speed of its tasks and of the database."""

from __future__ import annotations

from dataclasses import dataclass

from ops.capacity.scaling.declared import Tier
from ops.capacity.scaling.scaler import Scaler

TASK_START_SECONDS = 55.0
"""Seconds to place a Fargate task, pull an image of 400 MB and start it, before its first health check."""
TASK_STOP_SECONDS = 10.0
"""Seconds that nginx or Orthanc needs to stop after SIGTERM, limited by the stop timeout."""
VCPU_PER_ACU = 0.25
"""An ACU is about 2 GiB with the processor and network of a memory-optimised class, which has 8 GiB a vCPU.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html"""
DATABASE_USE = 0.7
"""CPU use at which an Aurora instance increases its capacity."""
MIN_ACU = 0.5
"""Minimum capacity of an instance that is not paused."""


@dataclass
class Station:
    """The state of one tier. `billed` counts started tasks, `ready` those that receive requests."""

    tier: Tier
    scaler: Scaler
    ready: int
    billed: int
    desired: int
    queue: float = 0.0
    hours: float = 0.0
    busy: float = 0.0
    starting: int = 0


def create_station(scaler: Scaler) -> Station:
    """A station with the scaler's desired tasks, all of them ready."""
    count = min(max(scaler.desired, scaler.minimum), scaler.maximum)
    scaler.desired = count
    scaler.start_seconds = TASK_START_SECONDS + scaler.tier.checks
    return Station(tier=scaler.tier, scaler=scaler, ready=count, billed=count, desired=count)
