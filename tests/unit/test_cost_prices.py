"""A broken price file is rejected as a whole, and every problem is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from ops.cost import CostError
from ops.cost.prices.book import PRICE_FILE, STALE_DAYS, load_prices, read_price_file
from ops.cost.prices.units import UNITS

SHIPPED = PRICE_FILE.read_text(encoding="utf-8")
KEY = "  kms.key_mo:\n    service: AWS KMS\n    unit: key-month\n    price: '1'\n"


@pytest.fixture
def problems_of(tmp_path: Path) -> Callable[[str, str], str]:
    def load_edited(old: str, new: str) -> str:
        assert old in SHIPPED
        path = tmp_path / "prices.yaml"
        path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(CostError) as caught:
            load_prices(path)
        return str(caught.value)

    return load_edited


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("  kms.keys:\n    service: AWS KMS\n    unit: key-month\n    price: '1'\n", "there is no entry kms.key_mo"),
        (KEY.replace("key-month", "key-year"), "kms.key_mo: its unit is 'key-year', but it is used as a price per key-month"),
        (KEY.replace("'1'", "1"), "kms.key_mo: its price 1 is not text"),
        (KEY.replace("'1'", "'-1'"), "kms.key_mo: its price -1 is impossible"),
        (KEY.replace("'1'", "'0'"), "kms.key_mo: its price 0 is impossible"),
        (KEY.replace("'1'", "'NaN'"), "kms.key_mo: its price NaN is impossible"),
        (KEY.replace("'1'", "one"), "kms.key_mo: its price 'one' is not a number"),
        (KEY.replace("    unit: key-month\n", ""), "kms.key_mo: it lacks unit"),
        ("  alb.h: {}\n" + KEY, "duplicate key alb.h"),
        ("  other.h:\n    service: x\n    unit: hour\n    price: '1'\n    as_of: '2026-01-01'\n    confidence: low\n" + KEY, "other.h is not used by any calculation"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named(new: str, problem: str, problems_of: Callable[[str, str], str]):
    assert problem in problems_of(KEY, new)


def test_a_share_is_below_one(problems_of: Callable[[str, str], str]):
    assert "fargate.spot.discount: its price 62 is impossible" in problems_of("price: '0.62'", "price: '62'")


def test_a_file_that_is_not_yaml_or_not_a_price_file_is_rejected(tmp_path: Path):
    path = tmp_path / "prices.yaml"
    for text, problem in (("a: [", "cannot be read"), ("- 1", "has no meta")):
        path.write_text(text)
        with pytest.raises(CostError, match=problem):
            load_prices(path)
    with pytest.raises(CostError, match="cannot be read"):
        load_prices(tmp_path / "absent.yaml")


def test_every_price_has_a_date_and_a_source_and_is_used():
    content = read_price_file()
    assert content["prices"].keys() == UNITS.keys()
    for name, entry in content["prices"].items():
        assert entry["confidence"] in {"high", "medium", "low"}, name
        assert set(entry["source"]) <= content["sources"].keys(), name
        assert entry["source"] or entry["confidence"] == "low" or name.startswith("proposal_2020."), name


def test_old_prices_give_a_warning_except_those_of_2020():
    book = load_prices()
    newest = max(price.as_of for price in book.prices.values())
    assert not [price for price in book.stale_prices(newest) if price.id.startswith("proposal_2020.")]
    [warning] = book.warnings(newest + timedelta(days=STALE_DAYS + 1))
    assert f"{len(book.prices) - 2} of {len(book.prices)} prices are older than 180 days" in warning
    assert book.warnings(date(2024, 1, 1)) == []
