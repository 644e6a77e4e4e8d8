"""Growth on paper: at a multiple of the load and the volume, which limit is met first, and what is to be changed.

Everything grows with the scale: the volume of a month, and with it the load of every period. Peaks are those of the
schedule's highest load at the sizing multiple of `demand.Volume`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from ops.capacity import clock
from ops.capacity.declared import Declared
from ops.capacity.demand import Demand, Volume
from ops.capacity.errors import CapacityError
from ops.capacity.money import Prices, dollars
from ops.capacity.simulation import DATABASE_USE, VCPU_PER_ACU
from ops.plan.resources import Plan
from settings import DatabaseSettings
from settings.rules.capacity import OPERATOR_CONNECTIONS, max_connections
from settings.rules.network import DEPLOYMENT_FACTOR

LIMITS = Path(__file__).parent / "limits.yaml"
USE = 0.55
"""Share of their processor at which tasks are meant to work at the peak: the target that the app tier tracks."""
INDEX_KB = 2.0
"""Kilobytes of index per instance: 10 GB for the 5.1 million of the proposal's twelve months."""
LOG_KB = 1.0
"""Kilobytes of the access log and its envelope per request, the busiest stream."""
SEARCHES_A_SIGN_IN = 100
NAT_IDLE_SECONDS = 350
MONTHS = 12
ZONES = 2
MOST = 1e9
"""Scale beyond which nobody asks."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A bound with its unit, who can move it, how, and where it is written."""

    name: str
    title: str
    value: float
    unit: str
    kind: Literal["setting", "quota", "fixed"]
    remedy: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Met:
    """A limit at a scale: what is used of it, and the scale at which it is met."""

    limit: Limit
    used: float
    at: float


@dataclass(frozen=True, kw_only=True)
class Growth:
    """One scale: the first limit of all, those that are exceeded, in the order in which they are met, and the cost."""

    scale: float
    first: Met
    exceeded: tuple[Met, ...]
    monthly: float

    def title(self, peak: float) -> str:
        """The scale in a line: the load, the first limit, the cost."""
        if not self.exceeded:
            state = f"within every limit; the first is met at scale {self.first.at:,.3g}"
        else:
            state = f"{len(self.exceeded)} limits exceeded, first {self.first.limit.title}"
        cost = f"${self.monthly:,.0f} a month"
        return f"Scale {self.scale:,g} (load {self.scale * peak:,g}), {cost}: {state}"

    def lines(self, peak: float) -> list[str]:
        """Each limit that is exceeded, or the one that comes first: what is used, where it is met, what to change."""
        return [
            f"{met.limit.title}: {met.used:,.4g} of {met.limit.value:,g} {met.limit.unit}, "
            f"met at scale {met.at:,.3g} (load {met.at * peak:,.3g}); {met.limit.kind}. {met.limit.remedy}. "
            f"{met.limit.source}"
            for met in self.exceeded or (self.first,)
        ]

    def to_json(self, peak: float) -> dict[str, Any]:
        """The scale as plain data."""

        def plain(met: Met) -> dict[str, Any]:
            return {**asdict(met.limit), "used": met.used, "met_at_scale": met.at, "met_at_load": met.at * peak}

        return {
            "scale": self.scale,
            "first": plain(self.first),
            "exceeded": [plain(met) for met in self.exceeded],
            "usd_a_month": round(self.monthly, 2),
        }


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What usage is reckoned from. `connections` a task may hold, `accepted` by the database as declared."""

    declared: Declared
    demand: Demand
    volume: Volume
    connections: int
    accepted: int

    @property
    def peak(self) -> float:
        """The schedule's highest load."""
        return max(period.load for period in self.declared.schedule.periods)

    def tasks(self, tier: str, scale: float, load: float | None = None) -> int:
        """Tasks of a tier at its intended use."""
        known = self.declared.tiers[tier]
        busy = scale * (self.peak if load is None else load) * self.demand.rate * getattr(self.demand.cost, tier)
        return max(known.minimum, math.ceil(busy / (known.vcpu * USE) - 1e-9)) if busy else 0

    def acu(self, scale: float, load: float | None = None) -> float:
        """Capacity of the writer, in halves of an ACU."""
        busy = scale * (self.peak if load is None else load) * self.demand.rate * self.demand.cost.database
        return max(self.declared.database.minimum, math.ceil(2 * busy / (VCPU_PER_ACU * DATABASE_USE) - 1e-9) / 2)


def basis(plan: Plan, declared: Declared, demand: Demand, volume: Volume) -> Basis:
    """The basis of a stack: its tasks' connections from Orthanc's configuration, the database's from its capacity."""
    task = plan.resource("aws:ecs/taskDefinition:TaskDefinition", name="app-task").inputs
    container = json.loads(task["containerDefinitions"])[0]
    environment = {item["name"]: item["value"] for item in container["environment"]}
    capacity = DatabaseSettings(
        min_acu=declared.database.minimum, max_acu=declared.database.maximum, readers=declared.database.instances - 1
    )
    return Basis(
        declared=declared,
        demand=demand,
        volume=volume,
        connections=json.loads(environment["ORTHANC_CONFIGURATION"])["PostgreSQL"]["IndexConnectionsCount"],
        accepted=max_connections(capacity),
    )


def usage(basis: Basis) -> Mapping[str, Callable[[float], float]]:
    """What is used at a scale, by limit."""
    tiers, demand, volume = basis.declared.tiers, basis.demand, basis.volume
    rates = {kind: basis.peak * rate for kind, rate in demand.rates.items()}
    images = volume.gb_a_month * 1000 / volume.image_mb * MONTHS

    def connections(scale: float) -> float:
        return basis.tasks("app", scale) * basis.connections * DEPLOYMENT_FACTOR + OPERATOR_CONNECTIONS

    return {
        "fargate_vcpu": lambda scale: (
            DEPLOYMENT_FACTOR * sum(basis.tasks(name, scale) * tiers[name].vcpu for name in tiers)
        ),
        "app_tasks": lambda scale: basis.tasks("app", scale),
        "web_tasks": lambda scale: basis.tasks("web", scale),
        "database_connections": connections,
        "database_connections_most": connections,
        "database_acu": basis.acu,
        "database_acu_most": basis.acu,
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


def limits(basis: Basis, path: Path = LIMITS) -> list[Limit]:
    """Every limit, with the stack's own values for those that it declares itself."""
    own = {
        "app_tasks": basis.declared.tiers["app"].maximum,
        "web_tasks": basis.declared.tiers["web"].maximum,
        "database_connections": basis.accepted,
        "database_acu": basis.declared.database.maximum,
    }
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        Limit(
            name=name,
            title=entry["title"],
            value=own[name] if entry["value"] == "declared" else float(entry["value"]),
            unit=entry["unit"],
            kind=entry["kind"],
            remedy=entry["remedy"],
            source=entry["source"],
        )
        for name, entry in found.items()
    ]


def met_at(used: Callable[[float], float], value: float) -> float:
    """The scale above which `used` exceeds `value`; infinite if it never does."""
    low, high = 0.0, 1.0
    while used(high) <= value:
        low, high = high, high * 2
        if high > MOST:
            return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if used(middle) <= value else (low, middle)
    return low


def growth(basis: Basis, scales: Sequence[float], monthly: Callable[[float], float]) -> list[Growth]:
    """Each scale with its limits and `monthly`, its cost. Raises CapacityError for a scale that is not above 0."""
    for scale in scales:
        if not 0 < scale < math.inf:
            raise CapacityError(f"scale {scale:g}: it is a number above 0")
    used = usage(basis)
    bounds = limits(basis)
    points = {limit.name: met_at(used[limit.name], limit.value) for limit in bounds}
    result = []
    for scale in scales:
        reached = [Met(limit=limit, used=used[limit.name](scale), at=points[limit.name]) for limit in bounds]
        reached.sort(key=lambda met: met.at)
        exceeded = tuple(met for met in reached if met.used > met.limit.value)
        result.append(Growth(scale=scale, first=reached[0], exceeded=exceeded, monthly=monthly(scale)))
    return result


def compute_cost(basis: Basis, prices: Prices) -> Callable[[float], float]:
    """USD a month at a scale for tasks and database capacity alone, at the schedule's own hours."""
    hours = clock.hours(basis.declared.schedule)
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
