"""What the prices of resources are asked with: the plan, the use made of it, and the one way to make a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from ops.cost.errors import CostError
from ops.cost.model import Kind, Line
from ops.cost.prices import PriceBook
from ops.cost.usage import Usage
from ops.cost.workload import HOURS_MONTH, Span, active_share, spans, task_hours
from ops.plan.resources import Plan, PlannedResource
from settings import Settings, TierSettings


@dataclass(frozen=True)
class Free:
    """Why a resource costs nothing."""

    reason: str


Priced = Free | Iterable[Line]
Pricer = Callable[["Bill", PlannedResource], Priced]


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A plan with the settings, usage, load and prices that it is priced at, over a number of months."""

    plan: Plan
    settings: Settings
    usage: Usage
    load: Decimal
    book: PriceBook
    months: int

    def line(
        self,
        resource: PlannedResource,
        price_id: str,
        what: str,
        quantity: Decimal | int | Sequence[Decimal],
        *,
        kind: Kind = "fixed",
        saved: Decimal = Decimal(),
    ) -> Line:
        """A quantity a month, or one of each month, at a price of which the share `saved` is not paid."""
        price = self.book[price_id]
        quantities = (Decimal(quantity),) * self.months if isinstance(quantity, Decimal | int) else tuple(quantity)
        return Line(
            urn=resource.urn,
            resource=resource.name,
            component=self.plan.component_of(resource).name,
            kind=kind,
            what=what,
            price=price,
            unit_price=price.value * (1 - saved),
            quantities=quantities,
        )

    def hours(self, resource: PlannedResource, price_id: str, what: str, count: int = 1) -> Line:
        """`count` things that exist all month."""
        return self.line(resource, price_id, what, HOURS_MONTH * count)

    @cached_property
    def week(self) -> list[Span]:
        """The study's week as parts of a month."""
        return spans(self.settings.schedule, self.load)

    def tier(self, resource: PlannedResource) -> TierSettings:
        """Settings of the tier that a resource belongs to; CostError if it is none's."""
        name = self.plan.component_of(resource).name
        tier = getattr(self.settings, name, None)
        if not isinstance(tier, TierSettings):
            raise CostError(
                f"{resource.name}: there are no settings for a tier {name}, so its number of tasks is unknown"
            )
        return tier

    @cached_property
    def mean_tasks(self) -> Decimal:
        """Tasks of all services that run on the mean of the month."""
        services = self.plan.of_type("aws:ecs/service:Service")
        return sum((task_hours(self.week, self.tier(service)) for service in services), Decimal()) / HOURS_MONTH

    @cached_property
    def active(self) -> Decimal:
        """Share of the month in which tasks run."""
        return active_share(self.week)

    @cached_property
    def subscriptions(self) -> list[tuple[str, frozenset[str]]]:
        """Name of a log group, or a reference to it, and the URNs that its events are sent to."""
        found = self.plan.of_type("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter")
        return [
            (
                one.inputs.get("logGroup", ""),
                frozenset(reference.urn for reference in self.plan.references(one.inputs.get("destinationArn"))),
            )
            for one in found
        ]

    def ages(self, quantity: Callable[[int], Decimal]) -> list[Decimal]:
        """A quantity of each month, by months since the start."""
        return [quantity(month) for month in range(self.months)]

    def referred(self, value: Any) -> PlannedResource:
        """The one resource of the plan that an input refers to; CostError if it refers to none or several."""
        urns = {reference.urn for reference in self.plan.references(value)}
        if len(urns) != 1:
            raise CostError(f"{value!r} refers to {len(urns)} resources of the plan, not to one")
        return self.plan.by_urn[urns.pop()]


def required(resource: PlannedResource, key: str) -> Any:
    """An input that decides a size; CostError that says which is missing."""
    value = resource.inputs.get(key)
    if value is None:
        raise CostError(f"{resource.type} {resource.name} has no {key}, so its size is unknown: set it in the program")
    return value


def number(resource: PlannedResource, key: str) -> Decimal:
    """`required`, as a number above 0."""
    value = required(resource, key)
    try:
        size = Decimal(str(value))
    except ArithmeticError:
        size = Decimal()
    if not size.is_finite() or size <= 0:
        raise CostError(f"{resource.type} {resource.name}: {key} = {value} is no size")
    return size
