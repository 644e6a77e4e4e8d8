"""Updates the price file from AWS's price list. Only exact matches count: a similar row is another product.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, Required, TypedDict

import yaml

from ops.cost.errors import CostError
from ops.cost.prices.book import PRICE_FILE, load_prices, read_price_file

REGION_PREFIXES = ("", "USE1-", "us-east-1-")
"""The three spellings of a usage type in us-east-1."""

SOURCE = "API"
SOURCE_TEXT = "AWS price list, pricing.get_products"


class PriceFilter(TypedDict, total=False):
    """The row of a price in AWS's price list, as the head of the price file explains."""

    service_code: Required[str]
    product_family: str
    usagetype: str
    operation: str
    attributes: Mapping[str, str]
    begin_range: str
    scale: int
    scope: str


class Pricing(Protocol):
    """The method of boto3's client "pricing" that is used."""

    def get_products(self, **request: Any) -> Mapping[str, Any]:
        """A page of the rows of one service that match every filter."""
        ...


@dataclass(frozen=True, kw_only=True)
class RefreshResult:
    """Old and new price by id, ids with the same price, and ids that are not in AWS's price list."""

    changed: Mapping[str, tuple[Decimal, Decimal]]
    confirmed: tuple[str, ...]
    unlisted: tuple[str, ...]


def refresh(client: Pricing, today: date, path: Path = PRICE_FILE) -> RefreshResult:
    """Rewrites the file at `path` with today's prices.

    Raises CostError and writes nothing if the price of any entry is missing or ambiguous.
    """
    content = read_price_file(path)
    region = content["meta"]["region"]
    changed: dict[str, tuple[Decimal, Decimal]] = {}
    confirmed, unlisted, problems = [], [], []
    for name, entry in content["prices"].items():
        if not entry.get("filter"):
            unlisted.append(name)
            continue
        try:
            value = current_price(client, entry["filter"], region)
        except CostError as error:
            problems.append(f"{name}: {error}")
            continue
        if value == Decimal(entry["price"]):
            confirmed.append(name)
        else:
            changed[name] = (Decimal(entry["price"]), value)
        entry |= {"price": f"{value:f}", "as_of": today.isoformat(), "confidence": "high", "source": [SOURCE]}
    if problems:
        raise CostError("\n".join([f"{len(problems)} prices cannot be found; {path.name} is unchanged.", *problems]))
    content["sources"][SOURCE] = SOURCE_TEXT
    content["meta"]["collected"] = today.isoformat()
    fresh = path.with_suffix(".new")
    fresh.write_text(format_price_file(content, _header(path)), encoding="utf-8")
    try:
        load_prices(fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return RefreshResult(changed=changed, confirmed=tuple(confirmed), unlisted=tuple(unlisted))


def format_price_file(content: Mapping[str, Any], header: str) -> str:
    """The text of a price file, always in the same form, so that a diff shows only changed prices."""
    parts = [
        yaml.safe_dump({key: content[key]}, sort_keys=False, width=118, allow_unicode=True, default_flow_style=style)
        for key, style in (("schema", False), ("meta", False), ("sources", False), ("prices", None))
    ]
    return header + "".join(parts)


def _header(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("#"))


def current_price(client: Pricing, wanted: PriceFilter, region: str) -> Decimal:
    """The price that a filter finds. Raises CostError if no row matches or the rows have different prices."""
    found = {
        value for row in _find_rows(client, wanted, region) for value in _row_prices(row, wanted.get("begin_range"))
    }
    if not found:
        raise CostError(f"no row of {wanted['service_code']} has usage type {wanted.get('usagetype')!r} and its terms")
    if len(found) > 1:
        values = ", ".join(f"{value:f}" for value in sorted(found))
        raise CostError(f"rows of different prices match ({values}): narrow its filter")
    value = found.pop() * wanted.get("scale", 1)
    return value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))


def _find_rows(client: Pricing, wanted: PriceFilter, region: str) -> Iterator[Mapping[str, Any]]:
    terms = dict(wanted.get("attributes") or {})
    terms |= {
        field: value
        for field, value in (("productFamily", wanted.get("product_family")), ("operation", wanted.get("operation")))
        if value is not None
    }
    if "scope" not in wanted:
        terms["regionCode"] = region
    request: dict[str, Any] = {
        "ServiceCode": wanted["service_code"],
        "Filters": [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in terms.items() if value],
    }
    accepted = {f"{prefix}{wanted['usagetype']}" for prefix in REGION_PREFIXES} if "usagetype" in wanted else None
    while True:
        page = client.get_products(**request)
        for row in map(json.loads, page["PriceList"]):
            attributes = row["product"]["attributes"]
            if accepted is not None and attributes.get("usagetype") not in accepted:
                continue
            # The API has no filter for an empty attribute.
            if not any(attributes.get(field) for field, value in terms.items() if not value):
                yield row
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _row_prices(row: Mapping[str, Any], begin: str | None) -> Iterator[Decimal]:
    """The price of each of the row's terms: of the tier that begins at `begin`, else of the first tier above 0."""
    for term in row.get("terms", {}).get("OnDemand", {}).values():
        tiers = sorted(term["priceDimensions"].values(), key=lambda tier: Decimal(tier["beginRange"]))
        for tier in tiers:
            value = Decimal(tier["pricePerUnit"].get("USD", "0"))
            if tier["beginRange"] == begin or (begin is None and value > 0):
                yield value
                break
