"""Reads the declared scaling of a stack from its plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ops.capacity.errors import CapacityError
from ops.capacity.scaling.declared import (
    Database,
    DeclaredScaling,
    MetricName,
    ScheduledAction,
    StepScaling,
    TargetTracking,
    Tier,
)
from ops.plan import load_settings
from ops.plan.resources import Plan, PlannedResource

METRICS: Mapping[str, MetricName] = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "CPUUtilization": "cpu",
    "ALBRequestCountPerTarget": "requests",
    "RequestCountPerTarget": "requests",
}
TIERS = ("web", "app")
HEALTH_UPDATE_SECONDS = 30
"""Until Cloud Map applies a custom health status.
https://docs.aws.amazon.com/cloud-map/latest/api/API_HealthCheckCustomConfig.html"""


def read_scaling(plan: Plan) -> DeclaredScaling:
    """The scaling that `plan` declares. Raises PlanError for a missing resource, CapacityError for an unknown form."""
    cluster = plan.resource("aws:rds/cluster:Cluster").inputs["serverlessv2ScalingConfiguration"]
    return DeclaredScaling(
        stack=plan.stack,
        tiers={name: _tier(plan, name) for name in TIERS},
        database=Database(
            minimum=float(cluster["minCapacity"]),
            maximum=float(cluster["maxCapacity"]),
            instances=len(plan.of_type("aws:rds/clusterInstance:ClusterInstance")),
        ),
        schedule=load_settings(plan.stack).schedule,
    )


def _tier(plan: Plan, name: str) -> Tier:
    service = plan.resource("aws:ecs/service:Service", name=f"{name}-service").inputs
    task = plan.resource("aws:ecs/taskDefinition:TaskDefinition", name=f"{name}-task").inputs
    target = plan.resource("aws:appautoscaling/target:Target", name=f"{name}-scaling-target")
    policies = [found for found in _siblings(plan, target) if found.type == "aws:appautoscaling/policy:Policy"]
    container = read_container(task)
    groups = [plan.by_urn[found.urn].inputs for found in plan.references(service.get("loadBalancers", []))]
    return Tier(
        name=name,
        vcpu=int(task["cpu"]) / 1024,
        memory=int(task["memory"]) / 1024,
        desired=int(service["desiredCount"]),
        minimum=int(target.inputs["minCapacity"]),
        maximum=int(target.inputs["maxCapacity"]),
        tracking=tuple(_tracking(found) for found in policies if _policy_type(found) == "TargetTrackingScaling"),
        steps=tuple(_step(plan, found) for found in policies if _policy_type(found) == "StepScaling"),
        actions=tuple(_action(found) for found in _siblings(plan, target) if found.type.endswith(":ScheduledAction")),
        checks=_seconds_until_healthy(plan, name, container, groups),
        grace=service.get("healthCheckGracePeriodSeconds"),
        drain=max([group.get("deregistrationDelay", 300) for group in groups], default=0),
        stop=float(container["stopTimeout"]),
        threads=_threads(container),
    )


def read_container(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first container of a task definition's inputs."""
    return json.loads(task["containerDefinitions"])[0]


def read_environment(container: Mapping[str, Any]) -> Mapping[str, str]:
    """The environment variables of a container by name."""
    return {item["name"]: item["value"] for item in container["environment"]}


def _siblings(plan: Plan, resource: PlannedResource) -> list[PlannedResource]:
    return plan.children(resource.parent)


def _policy_type(policy: PlannedResource) -> str:
    return policy.inputs["policyType"]


def _seconds_until_healthy(
    plan: Plan, name: str, container: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]
) -> float:
    """Seconds from a task's start to its first request.

    A target of a load balancer has to pass one health check. A task found by name has to pass one health check of its
    container, Cloud Map has to apply the result, and the previous DNS answer has to expire.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    intervals = [int(group["healthCheck"].get("interval", 30)) for group in groups if group["protocol"] == "HTTPS"]
    if intervals:
        return max(intervals)
    service = plan.resource("aws:servicediscovery/service:Service", name=f"{name}-name").inputs
    applied = HEALTH_UPDATE_SECONDS * service.get("healthCheckCustomConfig", {}).get("failureThreshold", 0)
    expired = max(int(found["ttl"]) for found in service["dnsConfig"]["dnsRecords"])
    return int(container["healthCheck"]["interval"]) + applied + expired


def _threads(container: Mapping[str, Any]) -> int:
    """Requests that a task accepts at the same time: Orthanc's threads, or half of nginx's connections."""
    environment = read_environment(container)
    if "ORTHANC_CONFIGURATION" in environment:
        return int(json.loads(environment["ORTHANC_CONFIGURATION"])["HttpThreadsCount"])
    words = environment["NGINX_CONFIGURATION"].replace(";", " ").split()
    return int(words[words.index("worker_processes") + 1]) * int(words[words.index("worker_connections") + 1]) // 2


def _metric(name: str, policy: str) -> MetricName:
    if name not in METRICS:
        raise CapacityError(
            f"{policy}: the metric {name} is not simulated; the simulated ones are {', '.join(METRICS)}"
        )
    return METRICS[name]


def _tracking(policy: PlannedResource) -> TargetTracking:
    values = policy.inputs["targetTrackingScalingPolicyConfiguration"]
    kind = values["predefinedMetricSpecification"]["predefinedMetricType"]
    return TargetTracking(
        name=policy.name,
        metric=_metric(kind, policy.name),
        target=float(values["targetValue"]),
        out_cooldown=float(values.get("scaleOutCooldown", 300)),
        in_cooldown=float(values.get("scaleInCooldown", 300)),
    )


def _step(plan: Plan, policy: PlannedResource) -> StepScaling:
    values = policy.inputs["stepScalingPolicyConfiguration"]
    alarms = [
        found.inputs
        for found in plan.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        if any(reference.urn == policy.urn for reference in plan.references(found.inputs.get("alarmActions", [])))
    ]
    if len(alarms) != 1:
        raise CapacityError(f"{policy.name}: {len(alarms)} alarms trigger it instead of one")
    (alarm,) = alarms
    if alarm["comparisonOperator"] not in {"GreaterThanOrEqualToThreshold", "GreaterThanThreshold"}:
        raise CapacityError(f"{policy.name}: only alarms above a threshold are simulated")
    if int(alarm["period"]) != 60:  # noqa: PLR2004  the period of every simulated metric
        raise CapacityError(f"{policy.name}: only alarms with a period of 60 s are simulated")
    return StepScaling(
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
        datapoints=int(alarm.get("datapointsToAlarm", alarm["evaluationPeriods"])),
        evaluation_periods=int(alarm["evaluationPeriods"]),
    )


def _action(resource: PlannedResource) -> ScheduledAction:
    values = resource.inputs
    return ScheduledAction(
        name=resource.name,
        cron=values["schedule"],
        zone=values.get("timezone", "UTC"),
        minimum=int(values["scalableTargetAction"]["minCapacity"]),
        maximum=int(values["scalableTargetAction"]["maxCapacity"]),
    )
