"""The input of every pricer: the plan, its usage and prices, and the functions that create a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from ops.cost.errors import CostError
from ops.cost.model import Kind, Line
from ops.cost.prices.book import PriceBook
from ops.cost.usage.quantities import Usage
from ops.cost.usage.workload import HOURS_MONTH, Span, active_share, spans, task_hours
from ops.plan.resources import Plan, PlannedResource
from settings import Settings, TierSettings


@dataclass(frozen=True)
class Free:
    """The reason why a resource costs nothing."""

    reason: str


PricerResult = Free | Iterable[Line]
Pricer = Callable[["Bill", PlannedResource], PricerResult]


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A plan with the settings, usage, load and prices at which it is priced, over a number of months."""

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
        discount: Decimal = Decimal(),
    ) -> Line:
        """A line of one quantity for all months or one for each month, at a price reduced by the share `discount`."""
        price = self.book[price_id]
        quantities = (Decimal(quantity),) * self.months if isinstance(quantity, Decimal | int) else tuple(quantity)
        return Line(
            urn=resource.urn,
            resource=resource.name,
            component=self.plan.component_of(resource).name,
            kind=kind,
            what=what,
            price=price,
            unit_price=price.value * (1 - discount),
            quantities=quantities,
        )

    def hours(self, resource: PlannedResource, price_id: str, what: str, count: int = 1) -> Line:
        """A line for `count` units that exist all month."""
        return self.line(resource, price_id, what, HOURS_MONTH * count)

    @cached_property
    def week(self) -> list[Span]:
        """The periods of the study's week as parts of a month."""
        return spans(self.settings.schedule, self.load)

    def tier(self, resource: PlannedResource) -> TierSettings:
        """Settings of the tier that a resource belongs to. Raises CostError if there is none."""
        name = self.plan.component_of(resource).name
        tier = getattr(self.settings, name, None)
        if not isinstance(tier, TierSettings):
            raise CostError(
                f"{resource.name}: there are no settings for a tier {name}, so its number of tasks is unknown"
            )
        return tier

    @cached_property
    def mean_tasks(self) -> Decimal:
        """Mean number of running tasks of all services."""
        services = self.plan.of_type("aws:ecs/service:Service")
        return sum((task_hours(self.week, self.tier(service)) for service in services), Decimal()) / HOURS_MONTH

    @cached_property
    def active_share(self) -> Decimal:
        """Share of the month in which tasks run."""
        return active_share(self.week)

    @cached_property
    def subscriptions(self) -> list[tuple[str, frozenset[str]]]:
        """Name of a log group, or a reference to it, and the URNs of its destinations."""
        found = self.plan.of_type("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter")
        return [
            (
                one.inputs.get("logGroup", ""),
                frozenset(reference.urn for reference in self.plan.references(one.inputs.get("destinationArn"))),
            )
            for one in found
        ]

    def by_month(self, quantity: Callable[[int], Decimal]) -> list[Decimal]:
        """A quantity for each month, calculated from the months since the start."""
        return [quantity(month) for month in range(self.months)]

    def referenced_resource(self, value: object) -> PlannedResource:
        """The one resource of the plan that an input refers to. Raises CostError for none or several."""
        urns = {reference.urn for reference in self.plan.references(value)}
        if len(urns) != 1:
            raise CostError(f"{value!r} refers to {len(urns)} resources of the plan instead of one")
        return self.plan.by_urn[urns.pop()]


def required_input(resource: PlannedResource, key: str) -> Any:
    """An input that determines a size. Raises CostError if it is missing."""
    value = resource.inputs.get(key)
    if value is None:
        raise CostError(f"{resource.type} {resource.name} has no {key}, so its size is unknown: set it in the program")
    return value


def positive_input(resource: PlannedResource, key: str) -> Decimal:
    """`required_input` as a number. Raises CostError unless it is above 0."""
    value = required_input(resource, key)
    try:
        size = Decimal(str(value))
    except ArithmeticError:
        size = Decimal()
    if not size.is_finite() or size <= 0:
        raise CostError(f"{resource.type} {resource.name}: {key} = {value} is not a size")
    return size
