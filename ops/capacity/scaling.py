"""Application Auto Scaling as AWS documents it: proposals of policies, cool-downs, alarms, moved ranges.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ops.capacity.declared import MetricName, Step, Tier, Tracking

OUT_POINTS = 3
"""Minutes above the target before tracking scales out."""
IN_POINTS = 15
"""Minutes below `IN_SHARE` of the target before it scales in."""
IN_SHARE = 0.9
"""The low alarm of a tracking policy of ECS stands a tenth below its target. AWS makes these alarms itself:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html"""
ROUNDING = 1e-9


def tracked(running: int, value: float, target: float) -> int:
    """Tasks that bring a metric per task from `value` to `target`: never so few that it would be above."""
    return math.ceil(running * value / target - ROUNDING)


def adjustment(step: Step, value: float) -> float | None:
    """The adjustment for a metric: lower bounds belong to their step, upper ones to the next."""
    above = value - step.threshold
    for lower, upper, change in step.steps:
        if lower <= above < upper:
            return change
    return None


def stepped(capacity: int, kind: str, change: float, magnitude: int = 0) -> int:
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
    """What a policy did last: until `until` its increase counts as made from `base`."""

    until: float = -math.inf
    base: int = 0


@dataclass
class Scaler:
    """The scalable target of one tier: told a minute's metrics, it says how many tasks there should be.

    Scale-out: the largest proposal of any policy, and within a policy's cool-down only what exceeds what it has added.
    Scale-in: tracking policies only, all of them agreeing, the largest of what they propose, and not in a cool-down;
    a scale-out ends that cool-down. A metric without data moves nothing. A cool-down begins when the tasks run, which
    takes `fulfilment` seconds.
    """

    tier: Tier
    tracking: Sequence[Tracking]
    steps: Sequence[Step]
    desired: int
    minimum: int
    maximum: int
    points: dict[MetricName, deque[float | None]] = field(default_factory=dict)
    outs: dict[str, Cooldown] = field(default_factory=dict)
    in_until: float = -math.inf
    fulfilment: float = 0.0

    def __post_init__(self) -> None:
        self.outs = {policy.name: Cooldown() for policy in (*self.tracking, *self.steps)}
        longest = max([IN_POINTS, *(step.of for step in self.steps)])
        self.points = {policy.metric: deque(maxlen=longest) for policy in (*self.tracking, *self.steps)}

    def move(self, minimum: int, maximum: int) -> int:
        """A scheduled action: the range, and the capacity if it is outside."""
        self.minimum, self.maximum = minimum, maximum
        self.desired = min(max(self.desired, minimum), maximum)
        return self.desired

    def observe(self, now: float, running: int, metrics: Mapping[MetricName, float | None]) -> int:
        """Takes in the metrics of a minute in which `running` tasks served, and returns the desired count."""
        for name, points in self.points.items():
            points.append(metrics.get(name))
        out = self._out(now, running)
        if out > self.desired:
            self.desired = out
            self.in_until = -math.inf
        else:
            self._in(now, running)
        return self.desired

    def _out(self, now: float, running: int) -> int:
        best, capacity = self.desired, self.desired
        for policy in self.tracking:
            last = self.points[policy.metric][-1]
            if last is None or last <= policy.target:
                continue
            points = self._last(policy.metric, OUT_POINTS)
            if points and min(points) > policy.target:
                wanted = min(tracked(running, points[-1], policy.target), self.maximum)
                if wanted > capacity:
                    self._cool(policy.name, now, policy.out_cooldown)
                    best = max(best, wanted)
        for policy in self.steps:
            wanted = min(self._surge(policy, now), self.maximum)
            if wanted > capacity:
                self._cool(policy.name, now, policy.cooldown)
                best = max(best, wanted)
        return best

    def _surge(self, policy: Step, now: float) -> int:
        last = self.points[policy.metric][-1]
        if last is None or last < policy.threshold:
            return 0
        points = list(self.points[policy.metric])[-policy.of :]
        if sum(value is not None and value >= policy.threshold for value in points) < policy.points:
            return 0
        change = adjustment(policy, last)
        if change is None:
            return 0
        cooldown = self.outs[policy.name]
        base = cooldown.base if now < cooldown.until else self.desired
        return stepped(base, policy.adjustment, change, policy.magnitude)

    def _cool(self, policy: str, now: float, seconds: float) -> None:
        cooldown = self.outs[policy]
        if now >= cooldown.until:
            cooldown.base = self.desired
        cooldown.until = now + self.fulfilment + seconds

    def _in(self, now: float, running: int) -> None:
        if not self.tracking or now < self.in_until or self.desired <= self.minimum:
            return
        proposals = []
        for policy in self.tracking:
            points = self._last(policy.metric, IN_POINTS)
            if not points or max(points) >= IN_SHARE * policy.target:
                return
            proposals.append(tracked(running, points[-1], policy.target))
        wanted = max(*proposals, self.minimum) if proposals else self.desired
        if wanted < self.desired:
            self.desired = wanted
            self.in_until = now + max(policy.in_cooldown for policy in self.tracking)

    def _last(self, metric: MetricName, number: int) -> list[float]:
        """The last `number` values, none at all if one is missing."""
        points = list(self.points[metric])[-number:]
        values = [value for value in points if value is not None]
        return values if len(values) == number else []


def scaler(tier: Tier) -> Scaler:
    """The tier's own policies and range."""
    return Scaler(
        tier=tier,
        tracking=tier.tracking,
        steps=tier.steps,
        desired=tier.desired,
        minimum=tier.minimum,
        maximum=tier.maximum,
    )


def grown(acu: float, wanted: float, minimum: float, maximum: float, seconds: float) -> float:
    """Capacity of an Aurora Serverless v2 instance that needs `wanted` ACU, `seconds` later, in halves of an ACU.

    It grows in place and the faster the larger it is, and shrinks slowly. AWS gives no figures; assumed is half of
    what it has, at least 0.5 ACU, each 10 s upwards, and 0.5 ACU a minute downwards.
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html
    """
    goal = min(max(math.ceil(wanted * 2) / 2, minimum), maximum)
    if goal > acu:
        for _ in range(max(1, round(seconds / 10))):
            acu += max(0.5, math.floor(acu) / 2)
        return min(acu, goal)
    return max(goal, acu - 0.5 * seconds / 60)
