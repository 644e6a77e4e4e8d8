"""An estimate as data: lines of a quantity at a unit price, and how each resource was classified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Literal

from ops.cost.prices.book import Price

Kind = Literal["fixed", "load", "usage"]
Outcome = Literal["priced", "usage", "free"]
ACCOUNT = "account"
"""The component of lines that belong to no resource: traffic, requests to keys, free allowances."""

CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A quantity for each month at a unit price in USD. `resource` is a name, empty in the account's lines.

    Kinds: fixed (billed while it exists), load (follows the study's week), usage (billed by quantity).
    """

    urn: str
    resource: str
    component: str
    kind: Kind
    what: str
    price: Price
    unit_price: Decimal
    quantities: tuple[Decimal, ...]

    @property
    def service(self) -> str:
        """Name of the AWS service that bills the line."""
        return self.price.service

    @property
    def total(self) -> Decimal:
        """USD to the end of the study."""
        return sum(self.quantities, Decimal()) * self.unit_price

    def monthly(self, month: int) -> Decimal:
        """USD in a month, counted from 1."""
        return self.quantities[month - 1] * self.unit_price


@dataclass(frozen=True, kw_only=True)
class ClassifiedResource:
    """The outcome of a resource: priced, usage-based, or free for a `reason`."""

    urn: str
    type: str
    name: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The cost of a stack at one usage and load. Amounts are exact; `round_to_total` rounds them."""

    stack: str
    months: tuple[str, ...]
    lines: tuple[Line, ...]
    resources: tuple[ClassifiedResource, ...]
    warnings: tuple[str, ...] = ()

    @cached_property
    def total(self) -> Decimal:
        """USD to the end of the study."""
        return sum((line.total for line in self.lines), Decimal())

    @property
    def mean(self) -> Decimal:
        """Mean USD a month over the study."""
        return self.total / len(self.months)

    def monthly(self, month: int) -> Decimal:
        """USD in a month, counted from 1."""
        return sum((line.monthly(month) for line in self.lines), Decimal())

    @cached_property
    def components(self) -> dict[str, Decimal]:
        """USD to the end of the study by component of the program, highest first."""
        return self._total_by(lambda line: line.component)

    @cached_property
    def services(self) -> dict[str, Decimal]:
        """USD to the end of the study by AWS service, highest first."""
        return self._total_by(lambda line: line.service)

    @cached_property
    def kinds(self) -> dict[str, Decimal]:
        """USD to the end of the study by kind."""
        return self._total_by(lambda line: line.kind)

    def _total_by(self, key: Callable[[Line], str]) -> dict[str, Decimal]:
        totals: dict[str, Decimal] = {}
        for line in self.lines:
            totals[key(line)] = totals.get(key(line), Decimal()) + line.total
        return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def round_money(amount: Decimal, step: Decimal = CENT) -> Decimal:
    """The amount rounded half up: 2218.5 becomes 2219."""
    return amount.quantize(step, ROUND_HALF_UP)


def round_to_total(amounts: Iterable[Decimal], step: Decimal = CENT) -> list[Decimal]:
    """The amounts rounded so that they add up to their rounded total.

    The remainder goes to the amounts that rounding changed most.
    """
    exact = list(amounts)
    whole = [round_money(amount, step) for amount in exact]
    left = int((round_money(sum(exact, Decimal()), step) - sum(whole, Decimal())) / step)
    sign = 1 if left > 0 else -1
    worst = sorted(range(len(exact)), key=lambda at: (sign * (whole[at] - exact[at]), at))
    for at in worst[: abs(left)]:
        whole[at] += sign * step
    return whole


def round_named_to_total(amounts: Mapping[str, Decimal], step: Decimal = CENT) -> dict[str, Decimal]:
    """`round_to_total` for named amounts."""
    return dict(zip(amounts, round_to_total(amounts.values(), step), strict=True))
