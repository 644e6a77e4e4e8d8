"""The cost of a plan: every resource is exactly one of priced, usage-based and free; the account adds its lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import ceil

from ops.cost.errors import CostError
from ops.cost.model import ClassifiedResource, Estimate, Line, Outcome
from ops.cost.pricers import FREE, PRICERS
from ops.cost.pricers.account import account_lines
from ops.cost.pricers.bill import Bill, Free
from ops.cost.pricers.free import LOCAL_PREFIXES
from ops.cost.prices.book import PriceBook, load_prices
from ops.cost.usage.quantities import Usage
from ops.cost.usage.workload import tasks
from ops.plan.resources import Plan, PlannedResource
from settings import Settings, Study


def estimate(
    plan: Plan,
    settings: Settings,
    *,
    usage: Usage | None = None,
    load: Decimal | int = 1,
    book: PriceBook | None = None,
) -> Estimate:
    """The cost of `plan` at `usage` (by default that of the settings) and `load` times the load of the schedule.

    A tier never goes below its scheduled minimum or above its maximum; a warning names each maximum that is too low
    for the load. Raises CostError naming every resource without a price or a size.
    """
    load = Decimal(load)
    if not load.is_finite() or load <= 0:
        raise CostError(f"load {load}: it must be a number above 0")
    bill = Bill(
        plan=plan,
        settings=settings,
        usage=usage or Usage.of(settings.usage),
        load=load,
        book=book or load_prices(),
        months=len(month_names(settings.study)),
    )
    if settings.account.region != bill.book.region:
        raise CostError(
            f"account.region is {settings.account.region}, but prices.yaml has the prices of {bill.book.region}: "
            "refresh it for that Region"
        )
    lines: list[Line] = []
    found: list[ClassifiedResource] = []
    problems: list[str] = []
    for resource in plan.resources:
        try:
            outcome, priced = _classify(bill, resource)
        except CostError as error:
            problems.append(str(error))
            continue
        found.append(outcome)
        lines += priced
    if problems:
        raise CostError(
            "\n".join([f"The cost of stack {plan.stack} cannot be calculated: {len(problems)} problems.", *problems])
        )
    return Estimate(
        stack=plan.stack,
        months=month_names(settings.study),
        lines=(*lines, *account_lines(bill, lines)),
        resources=tuple(found),
        warnings=(*bill.book.warnings(date.today()), *_overload_warnings(bill)),
    )


def _classify(bill: Bill, resource: PlannedResource) -> tuple[ClassifiedResource, list[Line]]:
    def classify_as(outcome: Outcome, reason: str = "") -> ClassifiedResource:
        return ClassifiedResource(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            outcome=outcome,
            reason=reason,
        )

    if resource.type.startswith(LOCAL_PREFIXES):
        return classify_as("free", "it exists only in the program and its state"), []
    if resource.type in FREE:
        return classify_as("free", FREE[resource.type]), []
    if resource.type not in PRICERS:
        raise CostError(
            f"{resource.type} {resource.name}: this type has no price. Add it to a module of ops/cost/pricers, or "
            "to FREE in ops/cost/pricers/free.py with the reason"
        )
    priced = PRICERS[resource.type](bill, resource)
    if isinstance(priced, Free):
        return classify_as("free", priced.reason), []
    lines = list(priced)
    if not lines:
        raise CostError(f"{resource.type} {resource.name}: its pricer returned nothing")
    return classify_as("usage" if all(line.kind == "usage" for line in lines) else "priced"), lines


def _overload_warnings(bill: Bill) -> Iterator[str]:
    for service in bill.plan.of_type("aws:ecs/service:Service"):
        tier = bill.tier(service)
        for span in bill.week:
            run, needed = tasks(span, tier)
            if needed > run:
                yield (
                    f"{service.name}: load {span.load.normalize():f} in {span.period.name} needs {needed} tasks; its "
                    f"maximum of {run} is priced"
                )


def month_names(study: Study) -> tuple[str, ...]:
    """The months of the study, such as 2026-12. A month runs from the study's day of the month to the next."""
    first, last = study.start, study.end
    months = (last.year - first.year) * 12 + last.month - first.month + (last.day > first.day)
    count = max(ceil(months), 1)
    names = [divmod(first.month - 1 + month, 12) for month in range(count)]
    return tuple(f"{first.year + years}-{month + 1:02}" for years, month in names)
