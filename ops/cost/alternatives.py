"""Alternative designs against the declared stack: what each saves or costs, and what it gives up.

If settings can express an alternative, the program is planned again; otherwise lines of the estimate are replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ops.cost.estimate import estimate
from ops.cost.model import Estimate, Line, round_money
from ops.cost.pricers.objects import IMAGES
from ops.cost.prices.book import PriceBook
from ops.cost.report.tables import TextTable
from ops.cost.stack import settings_of
from ops.cost.usage.aging import Transition, stored_months
from ops.cost.usage.assumptions import ENDPOINT_GB
from ops.cost.usage.quantities import Usage
from ops.cost.usage.workload import HOURS_MONTH
from ops.plan import Plan, plan
from settings import Settings

GIB = Decimal(2**30) / 10**9
PAGE_BYTES = 8192
FREQUENT_MONTHS = Decimal(30) * 12 / 365
"""HealthImaging keeps an image set in frequent access until 30 days after its last use."""

Method = Literal["declared", "planned again", "calculated"]


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """`mean` and `difference` are mean USD a month over the study; a `difference` below 0 saves money."""

    name: str
    mean: Decimal
    difference: Decimal
    gives_up: str
    method: Method


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """The declared stack with its estimate, as the calculations need it."""

    settings: Settings
    plan: Plan
    book: PriceBook
    estimate: Estimate

    @property
    def usage(self) -> Usage:
        return Usage.of(self.settings.usage)

    def lines(self, wanted: Callable[[Line], bool]) -> Decimal:
        """USD a month of the lines that `wanted` selects."""
        return sum((line.total for line in self.estimate.lines if wanted(line)), Decimal()) / len(self.estimate.months)

    def quantity(self, price_id: str) -> Decimal:
        """Quantity a month that is billed at a price."""
        quantities = [sum(line.quantities, Decimal()) for line in self.estimate.lines if line.price.id == price_id]
        return sum(quantities, Decimal()) / len(self.estimate.months)

    def price(self, price_id: str) -> Decimal:
        """USD for a unit."""
        return self.book[price_id].value


def alternatives(stack: str, book: PriceBook) -> list[Alternative]:
    """The declared stack, followed by every alternative to it."""
    settings, declared = settings_of(stack), plan(stack)
    at = _Declared(settings=settings, plan=declared, book=book, estimate=estimate(declared, settings, book=book))
    rows: list[tuple[str, Decimal, str, Method]] = [("as declared", Decimal(), "", "declared")]
    rows += [
        (name, _plan_difference(stack, at, overrides), gives_up, "planned again")
        for name, overrides, gives_up in PLANNED
    ]
    rows += [(name, calculate(at), gives_up, "calculated") for name, calculate, gives_up in CALCULATED]
    return [
        Alternative(name=name, mean=at.estimate.mean + change, difference=change, gives_up=gives_up, method=method)
        for name, change, gives_up, method in rows
    ]


def _plan_difference(stack: str, at: _Declared, overrides: Mapping[str, object]) -> Decimal:
    settings = settings_of(stack, overrides)
    return estimate(plan(stack, overrides=overrides), settings, book=at.book).mean - at.estimate.mean


PLANNED: tuple[tuple[str, Mapping[str, object], str], ...] = (
    (
        "x86 instead of ARM64",
        {"web": {"architecture": "X86_64"}, "app": {"architecture": "X86_64"}},
        "nothing; it would help where a plugin has no build for ARM64",
    ),
    (
        "no lifecycle: images stay in STANDARD",
        {"storage": {"glacier_ir_days": 3650}},
        "nothing: reads of old images lose their retrieval fee, storage costs more",
    ),
)
"""Name, overrides of settings, what is given up. A lifecycle that begins after the study has no effect."""


def _nat_gateways(at: _Declared) -> Decimal:
    endpoints = at.lines(lambda line: line.price.id in {"vpce.h", "vpce.gb"})
    zones = at.settings.network.availability_zones
    carried = at.quantity("vpce.gb") + ENDPOINT_GB
    gateways = zones * HOURS_MONTH * (at.price("nat.h") + at.price("ipv4.h")) + carried * at.price("nat.gb")
    return gateways - endpoints


def _provisioned_database(at: _Declared) -> Decimal:
    instances = len(at.plan.of_type("aws:rds/clusterInstance:ClusterInstance"))
    return instances * HOURS_MONTH * at.price("aurora.db_t4g_medium.h") - at.lines(
        lambda line: line.price.id == "aurora.slv2.acu_h"
    )


def _images_in_database(at: _Declared) -> Decimal:
    """As in 2020: images in Aurora and a copy in S3 Standard, both growing."""
    months = len(at.estimate.months)
    stored = at.usage.ingest_gb * Decimal(months) / 2
    pages = at.usage.ingest_gb * (1 + at.usage.egress_share) * 10**9 / PAGE_BYTES / 10**6
    added = stored * (at.price("aurora.storage.gb_mo") + at.price("s3.standard.gb_mo")) + pages * at.price(
        "aurora.io.million"
    )
    return added - at.lines(lambda line: line.resource == IMAGES)


def _savings_plans(at: _Declared) -> Decimal:
    tasks = at.lines(lambda line: line.price.id.startswith("fargate."))
    capacity = at.lines(lambda line: line.price.id == "aurora.slv2.acu_h")
    return -(
        tasks * at.price("savings_plan.compute_1y_fargate") + capacity * at.price("savings_plan.database_1y_serverless")
    )


def _health_imaging(at: _Declared) -> Decimal:
    """AWS's managed store instead of Orthanc, its index and the images in S3; nginx stays in front of it."""
    steps = [Transition(storage_class="AIA", months=FREQUENT_MONTHS)]
    months = range(len(at.estimate.months))
    stored = [stored_months(steps, month) for month in months]
    gibs = at.usage.ingest_gb / GIB / len(months)
    storage = gibs * sum(
        (month["STANDARD"] * at.price("ahi.fa.gb_mo") + month["AIA"] * at.price("ahi.aia.gb_mo") for month in stored),
        Decimal(),
    )
    requests = (at.usage.instances + at.usage.instances_read) / 1000 * at.price("ahi.api.k")
    replaced = {"app", "database", "rotation", "redeploy", "storage", "replication"}
    return storage + requests - at.lines(lambda line: line.component in replaced)


CALCULATED: tuple[tuple[str, Callable[[_Declared], Decimal], str], ...] = (
    (
        "NAT gateways instead of interface endpoints",
        _nat_gateways,
        "tasks get a route to the internet; endpoint policies no longer limit which keys and buckets they reach",
    ),
    (
        "provisioned Aurora, db.t4g.medium",
        _provisioned_database,
        "half of the memory that the burst has today, and no growth beyond it",
    ),
    (
        "images in Aurora with a copy in S3, as in 2020",
        _images_in_database,
        "storage classes; restores and upgrades of the database take the images with them",
    ),
    (
        "savings plans for a year, without upfront payment",
        _savings_plans,
        "the money is owed whether tasks run or not, also after an early end; both rates are unconfirmed",
    ),
    (
        "AWS HealthImaging instead of Orthanc",
        _health_imaging,
        "C-STORE, Orthanc's plugins and viewer, the copy in a second Region; DICOMweb with AWS's limitations",
    ),
)
"""Name, difference in USD a month against the declared stack, what is given up."""


def alternatives_table(stack: str, found: list[Alternative]) -> TextTable:
    """The table of alternatives. Each mean is the declared one plus the difference, also after rounding."""
    base = round_money(found[0].mean)
    rows = [
        (
            one.name,
            f"{base + round_money(one.difference):,.2f}",
            f"{round_money(one.difference):+,.2f}",
            one.gives_up,
            one.method,
        )
        for one in found
    ]
    heads = ("alternative", "USD a month", "difference", "gives up", "how")
    return TextTable(title=f"Alternatives to {stack}", heads=heads, rows=rows)
