"""The cost tables of the 2020 proposal, to the dollar, from its prices and the study's week.

Compute is an hourly rate at load 1, linear in load: nginx and Orthanc on Fargate, and Aurora Serverless v1. Images are
in Aurora with a copy in S3; each month is billed for the volume at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ops.cost.model import round_money
from ops.cost.prices.book import PriceBook
from ops.cost.report.tables import TextTable
from ops.cost.usage.workload import HOURS_MONTH

MONTHS = 12
VCPUS = Decimal("2.25")
MEMORY_GB = Decimal("8.5")
ACUS = Decimal(4)
INGEST_GB = Decimal("212.55")
PERIODS = (("Standard", 55, Decimal(1)), ("Burst", 5, Decimal(4)), ("Quiet", 108, Decimal("0.5")))
"""Name, hours a week, load."""


def dollars(amount: Decimal) -> Decimal:
    """The amount in whole dollars, rounded half up."""
    return round_money(amount, Decimal(1))


@dataclass(frozen=True, kw_only=True)
class Proposal2020:
    """The amounts of the three tables: compute by period, data by 100 GB, the project."""

    periods: tuple[tuple[str, int, Decimal, Decimal], ...]
    compute_month: Decimal
    storage: Decimal
    egress: Decimal
    compute_total: Decimal
    data_total: Decimal

    @property
    def data(self) -> Decimal:
        """USD for storage and egress of 100 GB."""
        return self.storage + self.egress

    @property
    def total(self) -> Decimal:
        """USD for 12 months."""
        return self.compute_total + self.data_total

    @property
    def months(self) -> tuple[Decimal, Decimal, Decimal]:
        """USD a month for compute, data and both: totals divided by 12, not sums of rounded amounts."""
        totals = (self.compute_total, self.data_total, self.total)
        compute, data, project = (dollars(amount / MONTHS) for amount in totals)
        return compute, data, project


def proposal_2020(book: PriceBook) -> Proposal2020:
    """The amounts, rounded where the proposal rounded."""
    price = {name: book[name].value for name in book.prices}
    rate = (
        VCPUS * price["proposal_2020.fargate.vcpu_h"]
        + MEMORY_GB * price["proposal_2020.fargate.gb_h"]
        + ACUS * price["aurora.slv1.acu_h"]
    )
    exact = [hours * load * HOURS_MONTH / 168 * rate for _, hours, load in PERIODS]
    compute_month = dollars(sum(exact, Decimal()))
    storage = dollars(100 * (price["aurora.storage.gb_mo"] + price["s3.standard.gb_mo"]))
    egress = dollars(100 * price["dto.internet.gb"])
    hundreds = [INGEST_GB * month / 100 for month in range(1, MONTHS + 1)]
    data = sum((storage * stored + egress * INGEST_GB / 100 for stored in hundreds), Decimal())
    return Proposal2020(
        periods=tuple((*period, dollars(cost)) for period, cost in zip(PERIODS, exact, strict=True)),
        compute_month=compute_month,
        storage=storage,
        egress=egress,
        compute_total=compute_month * MONTHS,
        data_total=dollars(data),
    )


def proposal_tables(proposal: Proposal2020) -> list[TextTable]:
    """The three tables as the proposal shows them."""
    compute, data, project = proposal.months
    return [
        TextTable(
            title="Compute (Fargate + Aurora) Cost",
            heads=("Period", "Hours/Week", "Load", "$ / month"),
            rows=[
                *((name, str(hours), f"{load:f}", f"{cost:,}") for name, hours, load, cost in proposal.periods),
                ("", "", "", f"{proposal.compute_month:,}"),
            ],
            right={1, 2, 3},
        ),
        TextTable(
            title="Data Cost",
            heads=("Item", "$ / 100 GB"),
            rows=[("Storage", f"{proposal.storage:,}"), ("Egress", f"{proposal.egress:,}"), ("", f"{proposal.data:,}")],
            right={1},
        ),
        TextTable(
            title="12-Month Project Cost",
            heads=("Item", "Total", "$ / Month"),
            rows=[
                ("Compute", f"{proposal.compute_total:,}", f"{compute:,}"),
                ("Data", f"{proposal.data_total:,}", f"{data:,}"),
                ("", f"{proposal.total:,}", f"{project:,}"),
            ],
            right={1, 2},
        ),
    ]
