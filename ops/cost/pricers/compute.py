"""Pricers of tasks, functions, state machines and Container Insights."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.bill import Bill, Free, Pricer, PricerResult, positive_input
from ops.cost.usage.assumptions import (
    INSIGHTS_LOG_GB,
    INSIGHTS_METRICS,
    MONTH_DAYS,
    ROTATION_SECONDS,
    ROTATION_STEPS,
    ROTATION_TRANSITIONS,
)
from ops.cost.usage.workload import task_hours
from ops.plan.resources import PlannedResource

ARCHITECTURES = {"ARM64": "arm", "X86_64": "x86"}
INCLUDED_DISK_GB = 20


def service(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Task-hours by the size of the task definition, split between Fargate and Spot by the service's weights."""
    definition = bill.referenced_resource(resource.inputs.get("taskDefinition"))
    cpus, memory = positive_input(definition, "cpu") / 1024, positive_input(definition, "memory") / 1024
    platform = definition.inputs.get("runtimePlatform") or {}
    architecture = ARCHITECTURES.get(platform.get("cpuArchitecture", "X86_64"))
    if architecture is None:
        raise CostError(f"{definition.name}: there is no price for tasks on {platform['cpuArchitecture']}")
    if (definition.inputs.get("ephemeralStorage") or {}).get("sizeInGib", 0) > INCLUDED_DISK_GB:
        raise CostError(f"{definition.name}: there is no price for a disk above {INCLUDED_DISK_GB} GB")
    hours = task_hours(bill.week, bill.tier(resource))
    spot = bill.book["fargate.spot.discount"].value
    for provider, share in _providers(resource).items():
        what = f"{hours * share:.0f} h of tasks with {cpus.normalize():f} vCPU, {memory.normalize():f} GB"
        discount = spot if provider == "FARGATE_SPOT" else Decimal()
        where = " on Spot" if discount else ""
        for price_id, size in ((f"fargate.{architecture}.vcpu_h", cpus), (f"fargate.{architecture}.gb_h", memory)):
            yield bill.line(resource, price_id, f"{what}{where}", hours * share * size, kind="load", discount=discount)


def _providers(resource: PlannedResource) -> dict[str, Decimal]:
    strategies = resource.inputs.get("capacityProviderStrategies") or [{"capacityProvider": "FARGATE", "weight": 1}]
    weights = {str(one["capacityProvider"]): Decimal(str(one.get("weight", 0))) for one in strategies}
    total = sum(weights.values(), Decimal())
    if unknown := weights.keys() - {"FARGATE", "FARGATE_SPOT"}:
        raise CostError(f"{resource.name}: there is no price for tasks on {', '.join(sorted(unknown))}")
    if not total:
        raise CostError(f"{resource.name}: no capacity provider has a weight, so the price of its tasks is unknown")
    return {provider: weight / total for provider, weight in weights.items() if weight}


def cluster(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Container Insights: metrics of the cluster, and of task families and services while tasks run."""
    settings = {one["name"]: one["value"] for one in resource.inputs.get("settings") or ()}
    if settings.get("containerInsights", "disabled") == "disabled":
        return Free("a cluster without Container Insights is free")
    services = len(bill.plan.of_type("aws:ecs/service:Service"))
    count = INSIGHTS_METRICS["cluster"] + services * (INSIGHTS_METRICS["family"] + INSIGHTS_METRICS["service"]) * (
        bill.active_share
    )
    return [
        bill.line(resource, "cw.metric_mo", "metrics of Container Insights", count, kind="load"),
        bill.line(
            resource,
            "cwl.ingest.gb",
            "events of Container Insights",
            bill.mean_tasks * INSIGHTS_LOG_GB,
            kind="load",
        ),
    ]


def rotations(bill: Bill) -> Decimal:
    """Number of rotations of the database password in a month."""
    return MONTH_DAYS / bill.settings.database.rotation_days


def function(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Invocations of the rotation function: one for each step of a rotation."""
    architectures = resource.inputs.get("architectures") or ["x86_64"]
    if architectures != ["arm64"]:
        raise CostError(f"{resource.name}: there is no price for functions on {', '.join(architectures)}")
    runs = rotations(bill) * ROTATION_STEPS
    yield bill.line(resource, "lambda.request.million", "steps of rotations", runs / 1_000_000, kind="usage")
    seconds = runs * ROTATION_SECONDS * positive_input(resource, "memorySize") / 1024
    yield bill.line(resource, "lambda.arm.gb_s", "time of rotations", seconds, kind="usage")


def state_machine(bill: Bill, resource: PlannedResource) -> PricerResult:
    """State transitions of the workflow that replaces tasks after each rotation."""
    if resource.inputs.get("type", "STANDARD") != "STANDARD":
        raise CostError(f"{resource.name}: there is no price for express workflows")
    steps = rotations(bill) * ROTATION_TRANSITIONS / 1000
    return [bill.line(resource, "sfn.transition.k", "transitions after rotations", steps, kind="usage")]


PRICERS: dict[str, Pricer] = {
    "aws:ecs/service:Service": service,
    "aws:ecs/cluster:Cluster": cluster,
    "aws:lambda/function:Function": function,
    "aws:sfn/stateMachine:StateMachine": state_machine,
}
