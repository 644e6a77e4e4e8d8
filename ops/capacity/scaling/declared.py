"""The declared scaling of a stack: tiers with their policies, the database and the week's schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from settings import Schedule

MetricName = Literal["cpu", "requests"]


@dataclass(frozen=True, kw_only=True)
class TargetTracking:
    """A target tracking policy. `target`: percent of CPU, or requests a minute and task. Cooldowns in seconds."""

    name: str
    metric: MetricName
    target: float
    out_cooldown: float
    in_cooldown: float


@dataclass(frozen=True, kw_only=True)
class StepScaling:
    """A step scaling policy and its alarm. `steps`: lower and upper bound above the threshold, and the adjustment."""

    name: str
    metric: MetricName
    adjustment: str
    magnitude: int
    cooldown: float
    steps: tuple[tuple[float, float, float], ...]
    threshold: float
    datapoints: int
    evaluation_periods: int


@dataclass(frozen=True, kw_only=True)
class ScheduledAction:
    """A scheduled action that sets the minimum and maximum."""

    name: str
    cron: str
    zone: str
    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A service of one tier; times in seconds, memory in GB.

    `checks`: from the start of a task to its first request; `grace`: health check grace period; `drain`:
    deregistration delay; `stop`: stop timeout; `threads`: requests that a task accepts at the same time.
    """

    name: str
    vcpu: float
    memory: float
    desired: int
    minimum: int
    maximum: int
    tracking: tuple[TargetTracking, ...]
    steps: tuple[StepScaling, ...]
    actions: tuple[ScheduledAction, ...]
    checks: float
    grace: float | None
    drain: float
    stop: float
    threads: int


@dataclass(frozen=True, kw_only=True)
class Database:
    """The Aurora Serverless v2 cluster, with capacity in ACU."""

    minimum: float
    maximum: float
    instances: int


@dataclass(frozen=True, kw_only=True)
class DeclaredScaling:
    """The part of a stack that a simulation uses."""

    stack: str
    tiers: Mapping[str, Tier]
    database: Database
    schedule: Schedule
