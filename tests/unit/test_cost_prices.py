"""A price file that is broken is refused whole, with every problem named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from ops.cost import CostError
from ops.cost.prices import PRICE_FILE, STALE_DAYS, load, read
from ops.cost.units import UNITS

SHIPPED = PRICE_FILE.read_text(encoding="utf-8")
KEY = "  kms.key_mo:\n    service: AWS KMS\n    unit: key-month\n    price: '1'\n"


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[str, str], str]:
    def refuse(old: str, new: str) -> str:
        assert old in SHIPPED
        path = tmp_path / "prices.yaml"
        path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(CostError) as caught:
            load(path)
        return str(caught.value)

    return refuse


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("  kms.keys:\n    service: AWS KMS\n    unit: key-month\n    price: '1'\n", "there is no entry kms.key_mo"),
        (KEY.replace("key-month", "key-year"), "kms.key_mo: its unit is 'key-year', and it is used as a price per key-month"),
        (KEY.replace("'1'", "1"), "kms.key_mo: its price 1 is not text"),
        (KEY.replace("'1'", "'-1'"), "kms.key_mo: its price -1 is absurd"),
        (KEY.replace("'1'", "'0'"), "kms.key_mo: its price 0 is absurd"),
        (KEY.replace("'1'", "'NaN'"), "kms.key_mo: its price NaN is absurd"),
        (KEY.replace("'1'", "one"), "kms.key_mo: its price 'one' is not a number"),
        (KEY.replace("    unit: key-month\n", ""), "kms.key_mo: it lacks unit"),
        ("  alb.h: {}\n" + KEY, "alb.h stands twice"),
        ("  other.h:\n    service: x\n    unit: hour\n    price: '1'\n    as_of: '2026-01-01'\n    confidence: low\n" + KEY, "other.h is not a price that anything is calculated with"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named(new: str, said: str, refused: Callable[[str, str], str]):
    assert said in refused(KEY, new)


def test_a_share_is_below_one(refused: Callable[[str, str], str]):
    assert "fargate.spot.discount: its price 62 is absurd" in refused("price: '0.62'", "price: '62'")


def test_what_is_no_yaml_and_what_is_no_list_is_refused(tmp_path: Path):
    path = tmp_path / "prices.yaml"
    for text, said in (("a: [", "cannot be read"), ("- 1", "has no meta")):
        path.write_text(text)
        with pytest.raises(CostError, match=said):
            load(path)
    with pytest.raises(CostError, match="cannot be read"):
        load(tmp_path / "absent.yaml")


def test_every_price_is_dated_sourced_and_used():
    content = read()
    assert content["prices"].keys() == UNITS.keys()
    for name, entry in content["prices"].items():
        assert entry["confidence"] in {"high", "medium", "low"}, name
        assert set(entry["source"]) <= content["sources"].keys(), name
        assert entry["source"] or entry["confidence"] == "low" or name.startswith("seed2020."), name


def test_old_prices_are_told_and_those_of_2020_are_not():
    book = load()
    newest = max(price.as_of for price in book.prices.values())
    assert not [price for price in book.stale(newest) if price.id.startswith("seed2020.")]
    [warning] = book.warnings(newest + timedelta(days=STALE_DAYS + 1))
    assert f"{len(book.prices) - 2} of {len(book.prices)} prices are older than 180 days" in warning
    assert book.warnings(date(2024, 1, 1)) == []
