"""Prices come from exact rows of AWS's price list; if one is missing or ambiguous, nothing is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from ops.cost import CostError
from ops.cost.prices.book import PRICE_FILE, load_prices, read_price_file
from ops.cost.prices.refresh import PriceFilter, current_price, refresh

TODAY = date(2026, 12, 24)
KEYS: PriceFilter = {"service_code": "awskms", "usagetype": "KMS-Requests", "scale": 10000}


@pytest.fixture
def pricing() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106
    with Stubber(client) as stubber:
        yield client, stubber


def row(usagetype: str, *tiers: tuple[str, str]) -> str:
    """A row of the price list: its usage type, and beginning and price of its tiers."""
    dimensions = {
        str(position): {"unit": "x", "beginRange": begin, "pricePerUnit": {"USD": price}}
        for position, (begin, price) in enumerate(tiers)
    }
    return json.dumps(
        {
            "product": {"attributes": {"usagetype": usagetype}},
            "terms": {"OnDemand": {"one": {"priceDimensions": dimensions}}},
        }
    )


def add_page(stubber: Stubber, *rows: str, token: str | None = None, **expected: Any) -> None:
    page: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": list(rows)}
    stubber.add_response("get_products", page | ({"NextToken": token} if token else {}), expected or None)


def test_the_first_tier_above_zero_is_scaled_to_the_files_unit(pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    add_page(
        stubber,
        row("us-east-1-KMS-Requests", ("0", "0.0000000000"), ("20000", "0.0000030000")),
        ServiceCode="awskms",
        Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"}],
    )
    assert current_price(client, KEYS, "us-east-1") == Decimal("0.03")


def test_a_tier_can_be_selected_by_its_begin_range(pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    add_page(stubber, row("DataTransfer-Out-Bytes", ("0", "0.09"), ("10240", "0.085")))
    wanted: PriceFilter = {
        "service_code": "AWSDataTransfer",
        "usagetype": "DataTransfer-Out-Bytes",
        "begin_range": "10240",
    }
    assert current_price(client, wanted, "us-east-1") == Decimal("0.085")


def test_a_longer_usage_type_is_another_product(pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    add_page(
        stubber,
        *(
            row(name, ("0", "0.5"))
            for name in ("TS-LoadBalancerUsage", "Outposts-LoadBalancerUsage", "LoadBalancerUsage-ARM")
        ),
    )
    with pytest.raises(CostError, match="no row of AWSELB has usage type 'LoadBalancerUsage'"):
        current_price(client, {"service_code": "AWSELB", "usagetype": "LoadBalancerUsage"}, "us-east-1")


def test_two_prices_are_rejected_but_the_same_price_twice_is_not(pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    add_page(stubber, row("KMS-Requests", ("0", "0.000003")), row("USE1-KMS-Requests", ("0", "0.000003")))
    assert current_price(client, KEYS, "us-east-1") == Decimal("0.03")
    add_page(stubber, row("KMS-Requests", ("0", "0.000003")), row("USE1-KMS-Requests", ("0", "0.000015")))
    with pytest.raises(CostError, match=r"different prices match \(0\.000003, 0\.000015\)"):
        current_price(client, KEYS, "us-east-1")


def test_rows_are_read_page_by_page_and_terms_are_sent(pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    wanted: PriceFilter = {
        "service_code": "AWSDataTransfer",
        "product_family": "Data Transfer",
        "usagetype": "DataTransfer-Regional-Bytes",
        "attributes": {"fromLocation": "US East (N. Virginia)"},
        "scope": "from_location",
    }
    filters = [
        {"Type": "TERM_MATCH", "Field": "fromLocation", "Value": "US East (N. Virginia)"},
        {"Type": "TERM_MATCH", "Field": "productFamily", "Value": "Data Transfer"},
    ]
    add_page(stubber, token="next", ServiceCode="AWSDataTransfer", Filters=filters)  # noqa: S106  of a page
    add_page(
        stubber,
        row("DataTransfer-Regional-Bytes", ("0", "0.01")),
        ServiceCode="AWSDataTransfer",
        Filters=filters,
        NextToken="next",
    )
    assert current_price(client, wanted, "us-east-1") == Decimal("0.01")


def test_an_attribute_that_must_be_empty_is_checked_in_the_rows(pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    plain, other = json.loads(row("any", ("0", "0.029"))), json.loads(row("any", ("0", "0.055")))
    other["product"]["attributes"]["sourcetype"] = "MSK"
    add_page(stubber, json.dumps(plain), json.dumps(other))
    wanted: PriceFilter = {"service_code": "AmazonKinesisFirehose", "attributes": {"sourcetype": ""}}
    assert current_price(client, wanted, "us-east-1") == Decimal("0.029")


def add_all_prices(stubber: Stubber, path: Path, **changes: str) -> None:
    """Adds a row for every entry of the file with its price, or the one in `changes`."""
    for name, entry in read_price_file(path)["prices"].items():
        wanted = entry["filter"]
        if wanted:
            price = Decimal(changes.get(name.replace(".", "_"), entry["price"])) / wanted.get("scale", 1)
            rows = [row(wanted.get("usagetype", "any"), (wanted.get("begin_range", "0"), f"{price:f}"))]
            add_page(stubber, *(rows if price else []), ServiceCode=wanted["service_code"], Filters=ANY)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(PRICE_FILE, tmp_path / "prices.yaml"))


def test_the_file_is_rewritten_with_date_and_source(copy: Path, pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    add_all_prices(stubber, copy, nat_h="0.05")
    found = refresh(client, TODAY, copy)
    assert found.changed == {"nat.h": (Decimal("0.045"), Decimal("0.05"))}
    assert "fargate.spot.discount" in found.unlisted
    assert len(found.changed) + len(found.confirmed) + len(found.unlisted) == len(load_prices(copy).prices)
    fresh = load_prices(copy)
    assert (fresh["nat.h"].value, fresh["nat.h"].as_of) == (Decimal("0.05"), TODAY)
    assert fresh["alb.h"].value == load_prices()["alb.h"].value
    assert fresh["fargate.spot.discount"].as_of == load_prices()["fargate.spot.discount"].as_of
    comments = [line for line in copy.read_text().splitlines() if line.startswith("#")]
    assert comments == [line for line in PRICE_FILE.read_text().splitlines() if line.startswith("#")]
    before = copy.read_text()
    add_all_prices(stubber, copy)
    refresh(client, TODAY, copy)
    assert copy.read_text() == before, "the same prices give the same file"
    stubber.assert_no_pending_responses()


def test_one_missing_price_leaves_the_file_unchanged(copy: Path, pricing: tuple[Any, Stubber]):
    client, stubber = pricing
    before = copy.read_text()
    add_all_prices(stubber, copy, nat_h="0", alb_h="0")
    with pytest.raises(CostError, match="2 prices cannot be found") as caught:
        refresh(client, TODAY, copy)
    assert "nat.h: no row of AmazonEC2" in str(caught.value)
    assert copy.read_text() == before
    assert [path.name for path in copy.parent.iterdir()] == ["prices.yaml"]
