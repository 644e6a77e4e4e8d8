"""What a plan declares about scaling, as typed data: tiers with their policies, the database, the week."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ops.capacity.errors import CapacityError
from ops.plan.configuration import configuration
from ops.plan.resources import Plan, PlannedResource
from settings import Schedule, Settings

MetricName = Literal["cpu", "requests"]
METRICS: Mapping[str, MetricName] = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "CPUUtilization": "cpu",
    "ALBRequestCountPerTarget": "requests",
    "RequestCountPerTarget": "requests",
}
TIERS = ("web", "app")


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """A target tracking policy. `target`: percent of processor, or requests a minute and task. Cool-downs in s."""

    name: str
    metric: MetricName
    target: float
    out_cooldown: float
    in_cooldown: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step scaling policy and its alarm. `steps`: lower and upper bound above the threshold, and the adjustment."""

    name: str
    metric: MetricName
    adjustment: str
    magnitude: int
    cooldown: float
    steps: tuple[tuple[float, float, float], ...]
    threshold: float
    points: int
    of: int


@dataclass(frozen=True, kw_only=True)
class Action:
    """A scheduled action that moves the range."""

    name: str
    cron: str
    zone: str
    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A service. `checks`: seconds until requests reach a task that has started; `grace`: how long ECS forgives it;
    `drain`: seconds a task still gets requests answered; `stop`: longest time it then has to end. Memory in GB.
    """

    name: str
    vcpu: float
    memory: float
    desired: int
    minimum: int
    maximum: int
    tracking: tuple[Tracking, ...]
    steps: tuple[Step, ...]
    actions: tuple[Action, ...]
    checks: float
    grace: float | None
    drain: float
    stop: float
    threads: int


@dataclass(frozen=True, kw_only=True)
class Database:
    """Aurora Serverless v2. Capacity in ACU."""

    minimum: float
    maximum: float
    instances: int


@dataclass(frozen=True, kw_only=True)
class Declared:
    """All that a simulation reads of a stack."""

    stack: str
    tiers: Mapping[str, Tier]
    database: Database
    schedule: Schedule


def declared(plan: Plan) -> Declared:
    """What `plan` declares. Raises PlanError for a missing resource and CapacityError for what is not understood."""
    cluster = plan.resource("aws:rds/cluster:Cluster").inputs["serverlessv2ScalingConfiguration"]
    values = configuration(plan.stack)[f"{Settings.NAMESPACE}:schedule"]
    return Declared(
        stack=plan.stack,
        tiers={name: _tier(plan, name) for name in TIERS},
        database=Database(
            minimum=float(cluster["minCapacity"]),
            maximum=float(cluster["maxCapacity"]),
            instances=len(plan.of_type("aws:rds/clusterInstance:ClusterInstance")),
        ),
        schedule=Schedule.model_validate(values),
    )


def _tier(plan: Plan, name: str) -> Tier:
    service = plan.resource("aws:ecs/service:Service", name=f"{name}-service").inputs
    task = plan.resource("aws:ecs/taskDefinition:TaskDefinition", name=f"{name}-task").inputs
    target = plan.resource("aws:appautoscaling/target:Target", name=f"{name}-scaling-target")
    policies = [found for found in _beside(plan, target) if found.type == "aws:appautoscaling/policy:Policy"]
    container = json.loads(task["containerDefinitions"])[0]
    groups = [plan.by_urn[found.urn].inputs for found in plan.references(service.get("loadBalancers", []))]
    return Tier(
        name=name,
        vcpu=int(task["cpu"]) / 1024,
        memory=int(task["memory"]) / 1024,
        desired=int(service["desiredCount"]),
        minimum=int(target.inputs["minCapacity"]),
        maximum=int(target.inputs["maxCapacity"]),
        tracking=tuple(_tracking(found) for found in policies if _kind(found) == "TargetTrackingScaling"),
        steps=tuple(_step(plan, found) for found in policies if _kind(found) == "StepScaling"),
        actions=tuple(_action(found) for found in _beside(plan, target) if found.type.endswith(":ScheduledAction")),
        checks=_checks(plan, name, container, groups),
        grace=service.get("healthCheckGracePeriodSeconds"),
        drain=max([group.get("deregistrationDelay", 300) for group in groups], default=0),
        stop=float(container["stopTimeout"]),
        threads=_threads(container),
    )


def _beside(plan: Plan, resource: PlannedResource) -> list[PlannedResource]:
    return plan.children(resource.parent)


def _kind(policy: PlannedResource) -> str:
    return policy.inputs["policyType"]


def _checks(plan: Plan, name: str, container: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> float:
    """Seconds from a task's start until requests reach it. A new target passes one check of a balancer; a task that is
    found by name passes one of its container, and the old answer of the name server has to expire.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    balanced = [int(group["healthCheck"].get("interval", 30)) for group in groups if group["protocol"] == "HTTPS"]
    if balanced:
        return max(balanced)
    records = plan.resource("aws:servicediscovery/service:Service", name=f"{name}-name").inputs["dnsConfig"]
    return int(container["healthCheck"]["interval"]) + max(int(found["ttl"]) for found in records["dnsRecords"])


def _threads(container: Mapping[str, Any]) -> int:
    """Requests that a task takes in at once: Orthanc's threads, or half of nginx's connections."""
    environment = {item["name"]: item["value"] for item in container["environment"]}
    if "ORTHANC_CONFIGURATION" in environment:
        return int(json.loads(environment["ORTHANC_CONFIGURATION"])["HttpThreadsCount"])
    words = environment["NGINX_CONFIGURATION"].replace(";", " ").split()
    return int(words[words.index("worker_processes") + 1]) * int(words[words.index("worker_connections") + 1]) // 2


def _metric(name: str, policy: str) -> MetricName:
    if name not in METRICS:
        raise CapacityError(f"{policy}: the metric {name} is not simulated; those that are: {', '.join(METRICS)}")
    return METRICS[name]


def _tracking(policy: PlannedResource) -> Tracking:
    values = policy.inputs["targetTrackingScalingPolicyConfiguration"]
    kind = values["predefinedMetricSpecification"]["predefinedMetricType"]
    return Tracking(
        name=policy.name,
        metric=_metric(kind, policy.name),
        target=float(values["targetValue"]),
        out_cooldown=float(values.get("scaleOutCooldown", 300)),
        in_cooldown=float(values.get("scaleInCooldown", 300)),
    )


def _step(plan: Plan, policy: PlannedResource) -> Step:
    values = policy.inputs["stepScalingPolicyConfiguration"]
    alarms = [
        found.inputs
        for found in plan.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        if any(reference.urn == policy.urn for reference in plan.references(found.inputs.get("alarmActions", [])))
    ]
    if len(alarms) != 1:
        raise CapacityError(f"{policy.name}: {len(alarms)} alarms set it off, not one")
    (alarm,) = alarms
    if alarm["comparisonOperator"] not in {"GreaterThanOrEqualToThreshold", "GreaterThanThreshold"}:
        raise CapacityError(f"{policy.name}: only alarms above a threshold are simulated")
    if int(alarm["period"]) != 60:  # noqa: PLR2004  the period of every metric here
        raise CapacityError(f"{policy.name}: only alarms with a period of 60 s are simulated")
    return Step(
        name=policy.name,
        metric=_metric(alarm["metricName"], policy.name),
        adjustment=values["adjustmentType"],
        magnitude=int(values.get("minAdjustmentMagnitude", 0)),
        cooldown=float(values.get("cooldown", 300)),
        steps=tuple(
            (
                float(step.get("metricIntervalLowerBound", "-inf")),
                float(step.get("metricIntervalUpperBound", "inf")),
                float(step["scalingAdjustment"]),
            )
            for step in values["stepAdjustments"]
        ),
        threshold=float(alarm["threshold"]),
        points=int(alarm.get("datapointsToAlarm", alarm["evaluationPeriods"])),
        of=int(alarm["evaluationPeriods"]),
    )


def _action(resource: PlannedResource) -> Action:
    values = resource.inputs
    return Action(
        name=resource.name,
        cron=values["schedule"],
        zone=values.get("timezone", "UTC"),
        minimum=int(values["scalableTargetAction"]["minCapacity"]),
        maximum=int(values["scalableTargetAction"]["maxCapacity"]),
    )
