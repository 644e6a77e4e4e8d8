"""Properties at any usage and load: more never costs less, and parts and rounded months add up to the total."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.cost import Estimate, PriceBook, Usage, estimate
from ops.cost.model import round_money, round_to_total
from ops.cost.prices.book import load_prices
from ops.cost.stack import settings_of
from ops.cost.usage.quantities import VOLUMES
from settings import Settings
from tests.conftest import Plans

GROWING = (*VOLUMES, "egress_share", "reread_share", "people", "vpn_hours", "container_image_gb", "acu_per_load")
amounts = st.decimals(min_value=Decimal("0.5"), max_value=1000, places=2)
factors = st.decimals(min_value=1, max_value=20, places=2)
quick = settings(max_examples=15, deadline=None)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return load_prices()


@pytest.fixture(scope="module")
def stacks() -> dict[str, Settings]:
    return {stack: settings_of(stack) for stack in ("dev", "prod")}


@pytest.fixture(scope="module")
def usage(stacks: dict[str, Settings]) -> Usage:
    return Usage.of(stacks["prod"].usage)


@quick
@given(field=st.sampled_from(GROWING), amount=amounts, factor=factors)
def test_more_usage_never_costs_less(
    plans: Plans,
    book: PriceBook,
    stacks: dict[str, Settings],
    usage: Usage,
    *,
    field: str,
    amount: Decimal,
    factor: Decimal,
):
    less, more = (
        estimate(plans("prod"), stacks["prod"], usage=replace(usage, **{field: value}), book=book).total
        for value in (amount, amount * factor)
    )
    assert less <= more


@quick
@given(first=factors, second=factors)
def test_more_load_never_costs_less(
    plans: Plans, book: PriceBook, stacks: dict[str, Settings], *, first: Decimal, second: Decimal
):
    less, more = sorted([first, second])
    costs = [estimate(plans("prod"), stacks["prod"], load=load, book=book).total for load in (less, more)]
    assert costs[0] <= costs[1]


@quick
@given(
    volume=factors,
    size=st.decimals(min_value=Decimal("0.05"), max_value=50, places=2),
    stack=st.sampled_from(["dev", "prod"]),
)
def test_parts_add_up(
    plans: Plans,
    book: PriceBook,
    stacks: dict[str, Settings],
    usage: Usage,
    *,
    volume: Decimal,
    size: Decimal,
    stack: str,
):
    found = estimate(
        plans(stack), stacks[stack], usage=replace(usage.scale_volumes(volume), instance_mb=size), book=book
    )
    months = [found.monthly(month) for month in range(1, len(found.months) + 1)]
    parts: tuple[list[Decimal], ...] = (
        months,
        *(list(by.values()) for by in (found.components, found.services, found.kinds)),
    )
    for part in parts:
        assert abs(sum(part, Decimal()) - found.total) < Decimal("1e-15")
        assert sum(round_to_total(part), Decimal()) == round_money(found.total)


@given(st.lists(st.decimals(min_value=-1000, max_value=1000, places=5), max_size=30))
def test_rounded_amounts_add_up_and_none_is_off_by_two_cents(exact: list[Decimal]):
    cents = round_to_total(exact)
    assert sum(cents, Decimal()) == round_money(sum(exact, Decimal()))
    assert all(abs(cent - amount) < Decimal("0.02") for cent, amount in zip(cents, exact, strict=True))


def test_one_more_resource_never_lowers_the_total(plans: Plans, book: PriceBook, stacks: dict[str, Settings]):
    base: Estimate = estimate(plans("prod"), stacks["prod"], book=book)
    for name in ("egress-nat", "keys-images", "network-logs"):
        resource = plans("prod").resource(name=name)
        twin = replace(resource, urn=f"{resource.urn}-twin", name=f"{name}-twin")
        more = replace(plans("prod"), resources=(*plans("prod").resources, twin))
        assert estimate(more, stacks["prod"], book=book).total > base.total, name
