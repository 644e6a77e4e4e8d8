"""Usage at a scale: tasks, database capacity, connections, requests, storage and the cost of compute."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ops.capacity.cost import Prices, dollars
from ops.capacity.demand.volume import Demand, Volume
from ops.capacity.scaling import clock
from ops.capacity.scaling.declared import DeclaredScaling
from ops.capacity.scaling.reader import read_container, read_environment
from ops.capacity.simulation.station import DATABASE_USE, VCPU_PER_ACU
from ops.plan.resources import Plan
from settings import DatabaseSettings
from settings.rules.capacity import OPERATOR_CONNECTIONS, max_connections
from settings.rules.network import DEPLOYMENT_FACTOR

TASK_USE = 0.55
"""Intended CPU use of tasks at the peak, which is the target of the app tier's target tracking."""
INDEX_KB = 2.0
"""Kilobytes of index per instance: 10 GB for the 5.1 million of the proposal's twelve months."""
LOG_KB = 1.0
"""Kilobytes per request of the access log with its envelope, the busiest stream."""
SEARCHES_A_SIGN_IN = 100
NAT_IDLE_SECONDS = 350
MONTHS = 12
ZONES = 2


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The input of the calculation. `task_connections`: maximum of a task; `database_connections`: of the database."""

    declared: DeclaredScaling
    demand: Demand
    volume: Volume
    task_connections: int
    database_connections: int

    @property
    def peak(self) -> float:
        """The schedule's highest load."""
        return max(period.load for period in self.declared.schedule.periods)

    def tasks(self, tier: str, scale: float, load: float | None = None) -> int:
        """Tasks of a tier at the intended CPU use, by default at the peak."""
        known = self.declared.tiers[tier]
        busy = scale * (self.peak if load is None else load) * self.demand.rate * getattr(self.demand.cost, tier)
        return max(known.minimum, math.ceil(busy / (known.vcpu * TASK_USE) - 1e-9)) if busy else 0

    def acu(self, scale: float, load: float | None = None) -> float:
        """Capacity of the writer in halves of an ACU, by default at the peak."""
        busy = scale * (self.peak if load is None else load) * self.demand.rate * self.demand.cost.database
        return max(self.declared.database.minimum, math.ceil(2 * busy / (VCPU_PER_ACU * DATABASE_USE) - 1e-9) / 2)


def basis(plan: Plan, declared: DeclaredScaling, demand: Demand, volume: Volume) -> Basis:
    """The basis of a stack, with connections from Orthanc's configuration and from the database's capacity."""
    task = plan.resource("aws:ecs/taskDefinition:TaskDefinition", name="app-task").inputs
    environment = read_environment(read_container(task))
    capacity = DatabaseSettings(
        min_acu=declared.database.minimum, max_acu=declared.database.maximum, readers=declared.database.instances - 1
    )
    return Basis(
        declared=declared,
        demand=demand,
        volume=volume,
        task_connections=json.loads(environment["ORTHANC_CONFIGURATION"])["PostgreSQL"]["IndexConnectionsCount"],
        database_connections=max_connections(capacity),
    )


def usage(basis: Basis) -> Mapping[str, Callable[[float], float]]:
    """Functions from scale to usage, by name of the limit."""
    tiers, demand, volume = basis.declared.tiers, basis.demand, basis.volume
    rates = {kind: basis.peak * rate for kind, rate in demand.rates.items()}
    images = volume.gb_a_month * 1000 / volume.image_mb * MONTHS

    def connections(scale: float) -> float:
        return basis.tasks("app", scale) * basis.task_connections * DEPLOYMENT_FACTOR + OPERATOR_CONNECTIONS

    return {
        "fargate_vcpu": lambda scale: (
            DEPLOYMENT_FACTOR * sum(basis.tasks(name, scale) * tiers[name].vcpu for name in tiers)
        ),
        "app_tasks": lambda scale: basis.tasks("app", scale),
        "web_tasks": lambda scale: basis.tasks("web", scale),
        "database_connections": connections,
        "database_connections_max": connections,
        "database_acu": basis.acu,
        "database_acu_max": basis.acu,
        "service_tasks": lambda scale: DEPLOYMENT_FACTOR * max(basis.tasks(name, scale) for name in tiers),
        "alb_targets": lambda scale: DEPLOYMENT_FACTOR * basis.tasks("web", scale),
        "nlb_targets": lambda scale: DEPLOYMENT_FACTOR * math.ceil(basis.tasks("app", scale) / ZONES),
        "s3_put": lambda scale: scale * rates["stow"],
        "s3_get": lambda scale: scale * rates["wado"] * 2,
        "vpn_tunnel": lambda scale: scale * max(rates["stow"], rates["wado"]) * volume.image_mb * 8 / 1000,
        "index_instances": lambda scale: scale * images,
        "index_size": lambda scale: scale * images * INDEX_KB * 1000 / 2**40,
        "firehose": lambda scale: scale * sum(rates.values()) * LOG_KB * 1000 / 2**20,
        "nat_connections": lambda scale: scale * rates["qido"] / SEARCHES_A_SIGN_IN * NAT_IDLE_SECONDS,
    }


def compute_cost(basis: Basis, prices: Prices) -> Callable[[float], float]:
    """A function from scale to USD a month for tasks and database capacity over the schedule's hours."""
    hours = clock.period_hours(basis.declared.schedule)
    periods = basis.declared.schedule.periods
    database = basis.declared.database

    def monthly(scale: float) -> float:
        weekly = {
            name: sum(hours[period.name] * basis.tasks(name, scale, period.load) for period in periods)
            for name in basis.declared.tiers
        }
        acu = sum(hours[period.name] * basis.acu(scale, period.load) for period in periods) * database.instances
        return dollars(basis.declared.tiers, weekly, acu, prices) * 730 / 168

    return monthly
