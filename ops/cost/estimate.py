"""The price of a plan: every resource as exactly one of priced, usage-based and free, and what the account adds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import ceil

from ops.cost import prices
from ops.cost.account import account_lines
from ops.cost.bill import Bill, Free
from ops.cost.errors import CostError
from ops.cost.model import Classified, Estimate, Line, Outcome
from ops.cost.pricers import FREE, PRICERS
from ops.cost.pricers.free import LOCAL_PREFIXES
from ops.cost.prices import PriceBook
from ops.cost.usage import Usage
from ops.cost.workload import tasks
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
    """What `plan` costs at `usage` (that of the settings) and `load` times the load that the schedule foresees.

    A tier keeps its scheduled floor below the foreseen load and is never above its maximum; `warnings` say where that
    is too little. Raises CostError that names every resource that has no price or no size.
    """
    load = Decimal(load)
    if not load.is_finite() or load <= 0:
        raise CostError(f"load {load}: it is a factor above 0")
    bill = Bill(
        plan=plan,
        settings=settings,
        usage=usage or Usage.of(settings.usage),
        load=load,
        book=book or prices.load(),
        months=len(month_names(settings.study)),
    )
    if settings.account.region != bill.book.region:
        raise CostError(
            f"account.region is {settings.account.region}, and prices.yaml has the prices of {bill.book.region}: "
            "refresh it for that Region"
        )
    lines: list[Line] = []
    found: list[Classified] = []
    problems: list[str] = []
    for resource in plan.resources:
        try:
            outcome, priced = _classified(bill, resource)
        except CostError as error:
            problems.append(str(error))
            continue
        found.append(outcome)
        lines += priced
    if problems:
        raise CostError("\n".join([f"Stack {plan.stack} has {len(problems)} problems; no cost is known.", *problems]))
    return Estimate(
        stack=plan.stack,
        months=month_names(settings.study),
        lines=(*lines, *account_lines(bill, lines)),
        resources=tuple(found),
        warnings=(*bill.book.warnings(date.today()), *_overloads(bill)),
    )


def _classified(bill: Bill, resource: PlannedResource) -> tuple[Classified, list[Line]]:
    def end(outcome: Outcome, reason: str = "") -> Classified:
        return Classified(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            outcome=outcome,
            reason=reason,
        )

    if resource.type.startswith(LOCAL_PREFIXES):
        return end("free", "it exists in the program and its state alone"), []
    if resource.type in FREE:
        return end("free", FREE[resource.type]), []
    if resource.type not in PRICERS:
        raise CostError(
            f"{resource.type} {resource.name}: nobody has priced this type. Add it to a module of ops/cost/pricers, or "
            "to FREE in ops/cost/pricers/free.py with the reason"
        )
    priced = PRICERS[resource.type](bill, resource)
    if isinstance(priced, Free):
        return end("free", priced.reason), []
    lines = list(priced)
    if not lines:
        raise CostError(f"{resource.type} {resource.name}: its pricer returned nothing")
    return end("usage" if all(line.kind == "usage" for line in lines) else "priced"), lines


def _overloads(bill: Bill) -> Iterator[str]:
    for service in bill.plan.of_type("aws:ecs/service:Service"):
        tier = bill.tier(service)
        for span in bill.week:
            run, needed = tasks(span, tier)
            if needed > run:
                yield (
                    f"{service.name}: load {span.load.normalize():f} in {span.period.name} needs {needed} tasks, and "
                    f"its maximum {run} was priced"
                )


def month_names(study: Study) -> tuple[str, ...]:
    """The months of the study, each as 2026-12; one that begins within a month has that many whole ones."""
    first, last = study.start, study.end
    months = (last.year - first.year) * 12 + last.month - first.month + (last.day > first.day)
    count = max(ceil(months), 1)
    names = [divmod(first.month - 1 + month, 12) for month in range(count)]
    return tuple(f"{first.year + years}-{month + 1:02}" for years, month in names)
