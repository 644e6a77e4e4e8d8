"""The tables of the proposal of 2020, to the dollar, from its prices and the study's week.

Compute is one rate an hour at load 1, linear in load: nginx and Orthanc on Fargate, and Aurora Serverless v1. Images
lay in Aurora, with a copy in S3; what had arrived by the end of a month was billed for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ops.cost.model import rounded
from ops.cost.prices import PriceBook
from ops.cost.workload import HOURS_MONTH

MONTHS = 12
VCPUS = Decimal("2.25")
MEMORY_GB = Decimal("8.5")
ACUS = Decimal(4)
INGEST_GB = Decimal("212.55")
PERIODS = (("Standard", 55, Decimal(1)), ("Burst", 5, Decimal(4)), ("Quiet", 108, Decimal("0.5")))
"""Name, hours a week, load."""


def dollars(amount: Decimal) -> Decimal:
    """Whole dollars, half up."""
    return rounded(amount, Decimal(1))


@dataclass(frozen=True, kw_only=True)
class Seed:
    """The three tables: compute by period, data by 100 GB, the project."""

    periods: tuple[tuple[str, int, Decimal, Decimal], ...]
    compute_month: Decimal
    storage: Decimal
    egress: Decimal
    compute_total: Decimal
    data_total: Decimal

    @property
    def data(self) -> Decimal:
        """Storage and egress of 100 GB."""
        return self.storage + self.egress

    @property
    def total(self) -> Decimal:
        """Of 12 months."""
        return self.compute_total + self.data_total

    @property
    def months(self) -> tuple[Decimal, Decimal, Decimal]:
        """Compute, data and project a month: totals by 12, not the sum of what was rounded before."""
        total = (self.compute_total, self.data_total, self.total)
        compute, data, project = (dollars(amount / MONTHS) for amount in total)
        return compute, data, project


def seed(book: PriceBook) -> Seed:
    """The tables, rounded where the proposal rounded."""
    price = {name: book[name].value for name in book.prices}
    rate = (
        VCPUS * price["seed2020.fargate.vcpu_h"]
        + MEMORY_GB * price["seed2020.fargate.gb_h"]
        + ACUS * price["aurora.slv1.acu_h"]
    )
    exact = [hours * load * HOURS_MONTH / 168 * rate for _, hours, load in PERIODS]
    compute_month = dollars(sum(exact, Decimal()))
    storage = dollars(100 * (price["aurora.storage.gb_mo"] + price["s3.standard.gb_mo"]))
    egress = dollars(100 * price["dto.internet.gb"])
    gigabytes = [INGEST_GB * month / 100 for month in range(1, MONTHS + 1)]
    data = sum((storage * held + egress * INGEST_GB / 100 for held in gigabytes), Decimal())
    return Seed(
        periods=tuple((*period, dollars(cost)) for period, cost in zip(PERIODS, exact, strict=True)),
        compute_month=compute_month,
        storage=storage,
        egress=egress,
        compute_total=compute_month * MONTHS,
        data_total=dollars(data),
    )
