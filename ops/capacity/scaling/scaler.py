"""Application Auto Scaling as AWS documents it: policies, cooldowns, alarms and scheduled actions.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ops.capacity.scaling.declared import MetricName, StepScaling, TargetTracking, Tier

OUT_POINTS = 3
"""Minutes above the target before target tracking scales out."""
IN_POINTS = 15
"""Minutes below `IN_SHARE` of the target before it scales in."""
IN_SHARE = 0.9
"""The low alarm of a target tracking policy of ECS is a tenth below the target. AWS creates these alarms:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html"""
ROUNDING = 1e-9


def tracking_capacity(running: int, value: float, target: float) -> int:
    """Tasks that bring a metric per task from `value` to `target` or below."""
    return math.ceil(running * value / target - ROUNDING)


def adjustment(step: StepScaling, value: float) -> float | None:
    """The adjustment for a metric value. A lower bound belongs to its step, an upper bound to the next."""
    above = value - step.threshold
    for lower, upper, change in step.steps:
        if lower <= above < upper:
            return change
    return None


def step_capacity(capacity: int, kind: str, change: float, magnitude: int = 0) -> int:
    """Capacity after an adjustment. Percentages are rounded towards 0, but to at least one task."""
    if kind == "ExactCapacity":
        return int(change)
    if kind == "ChangeInCapacity":
        return capacity + int(change)
    raw = capacity * change / 100
    tasks = int(raw + math.copysign(ROUNDING, raw)) or int(math.copysign(1, raw)) if raw else 0
    if tasks and abs(tasks) < magnitude:
        tasks = int(math.copysign(magnitude, tasks))
    return capacity + tasks


@dataclass
class Cooldown:
    """The cooldown of a policy: until `until`, its increases are calculated from `base`."""

    until: float = -math.inf
    base: int = 0


@dataclass
class Scaler:
    """The scalable target of one tier, which calculates the desired number of tasks from a minute's metrics.

    Scale-out: the largest proposal of any policy; during a policy's cooldown only what exceeds its previous increase.
    Scale-in: by target tracking only, if all policies propose it, to the largest proposal, and not during a cooldown,
    which a scale-out ends. A metric without data changes nothing. A cooldown begins when the tasks run, which takes
    `start_seconds`.
    """

    tier: Tier
    tracking: Sequence[TargetTracking]
    steps: Sequence[StepScaling]
    desired: int
    minimum: int
    maximum: int
    points: dict[MetricName, deque[float | None]] = field(default_factory=dict)
    cooldowns: dict[str, Cooldown] = field(default_factory=dict)
    scale_in_after: float = -math.inf
    start_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.cooldowns = {policy.name: Cooldown() for policy in (*self.tracking, *self.steps)}
        longest = max([IN_POINTS, *(step.evaluation_periods for step in self.steps)])
        self.points = {policy.metric: deque(maxlen=longest) for policy in (*self.tracking, *self.steps)}

    def set_range(self, minimum: int, maximum: int) -> int:
        """Sets the range as a scheduled action does, moves the capacity into it, and returns the capacity."""
        self.minimum, self.maximum = minimum, maximum
        self.desired = min(max(self.desired, minimum), maximum)
        return self.desired

    def observe(self, now: float, running: int, metrics: Mapping[MetricName, float | None]) -> int:
        """Records the metrics of a minute with `running` tasks, and returns the desired number of tasks."""
        for name, points in self.points.items():
            points.append(metrics.get(name))
        out = self._scale_out(now, running)
        if out > self.desired:
            self.desired = out
            self.scale_in_after = -math.inf
        else:
            self._scale_in(now, running)
        return self.desired

    def _scale_out(self, now: float, running: int) -> int:
        best, capacity = self.desired, self.desired
        for policy in self.tracking:
            last = self.points[policy.metric][-1]
            if last is None or last <= policy.target:
                continue
            points = self._last_values(policy.metric, OUT_POINTS)
            if points and min(points) > policy.target:
                wanted = min(tracking_capacity(running, points[-1], policy.target), self.maximum)
                if wanted > capacity:
                    self._begin_cooldown(policy.name, now, policy.out_cooldown)
                    best = max(best, wanted)
        for policy in self.steps:
            wanted = min(self._step_proposal(policy, now), self.maximum)
            if wanted > capacity:
                self._begin_cooldown(policy.name, now, policy.cooldown)
                best = max(best, wanted)
        return best

    def _step_proposal(self, policy: StepScaling, now: float) -> int:
        last = self.points[policy.metric][-1]
        if last is None or last < policy.threshold:
            return 0
        points = list(self.points[policy.metric])[-policy.evaluation_periods :]
        if sum(value is not None and value >= policy.threshold for value in points) < policy.datapoints:
            return 0
        change = adjustment(policy, last)
        if change is None:
            return 0
        cooldown = self.cooldowns[policy.name]
        base = cooldown.base if now < cooldown.until else self.desired
        return step_capacity(base, policy.adjustment, change, policy.magnitude)

    def _begin_cooldown(self, policy: str, now: float, seconds: float) -> None:
        cooldown = self.cooldowns[policy]
        if now >= cooldown.until:
            cooldown.base = self.desired
        cooldown.until = now + self.start_seconds + seconds

    def _scale_in(self, now: float, running: int) -> None:
        if not self.tracking or now < self.scale_in_after or self.desired <= self.minimum:
            return
        proposals = []
        for policy in self.tracking:
            points = self._last_values(policy.metric, IN_POINTS)
            if not points or max(points) >= IN_SHARE * policy.target:
                return
            proposals.append(tracking_capacity(running, points[-1], policy.target))
        wanted = max(*proposals, self.minimum) if proposals else self.desired
        if wanted < self.desired:
            self.desired = wanted
            self.scale_in_after = now + max(policy.in_cooldown for policy in self.tracking)

    def _last_values(self, metric: MetricName, number: int) -> list[float]:
        """The last `number` values, or an empty list if one is missing."""
        points = list(self.points[metric])[-number:]
        values = [value for value in points if value is not None]
        return values if len(values) == number else []


def scaler(tier: Tier) -> Scaler:
    """A scaler with the tier's declared policies and range."""
    return Scaler(
        tier=tier,
        tracking=tier.tracking,
        steps=tier.steps,
        desired=tier.desired,
        minimum=tier.minimum,
        maximum=tier.maximum,
    )


def next_acu(acu: float, wanted: float, minimum: float, maximum: float, seconds: float) -> float:
    """Capacity of an Aurora Serverless v2 instance that needs `wanted` ACU, `seconds` later, in halves of an ACU.

    It grows faster the larger it is, and shrinks slowly. AWS publishes no figures. Assumption: up by half of its
    capacity, at least 0.5 ACU, every 10 s; down by 0.5 ACU a minute.
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html
    """
    goal = min(max(math.ceil(wanted * 2) / 2, minimum), maximum)
    if goal > acu:
        for _ in range(max(1, round(seconds / 10))):
            acu += max(0.5, math.floor(acu) / 2)
        return min(acu, goal)
    return max(goal, acu - 0.5 * seconds / 60)
