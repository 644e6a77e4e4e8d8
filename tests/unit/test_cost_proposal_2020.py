"""The cost tables of the 2020 proposal, to the dollar."""

from __future__ import annotations

from ops.cost.prices.book import load_prices
from ops.cost.proposal_2020 import proposal_2020


def test_the_proposals_tables_are_reproduced():
    found = proposal_2020(load_prices())
    assert [cost for *_, cost in found.periods] == [88, 32, 87]
    assert found.compute_month == 207
    assert (found.storage, found.egress, found.data) == (12, 9, 21)
    assert (found.compute_total, found.data_total, found.total) == (2484, 2219, 4703)
    assert found.months == (207, 185, 392)


def test_the_week_of_the_proposal_is_a_week():
    assert sum(hours for _, hours, _, _ in proposal_2020(load_prices()).periods) == 168
