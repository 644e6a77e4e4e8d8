"""Brings the price file up to date from AWS's price list. Exact rows alone: a near match would be another product.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import yaml

from ops.cost import prices
from ops.cost.errors import CostError

REGION_PREFIXES = ("", "USE1-", "us-east-1-")
"""us-east-1 has three spellings of a usage type."""

SOURCE = "API"
SOURCE_TEXT = "AWS price list, pricing.get_products"


class Pricing(Protocol):
    """The part of boto3's client "pricing" that is used."""

    def get_products(self, **request: Any) -> Mapping[str, Any]:
        """Rows of one service that match every filter."""
        ...


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What changed: id to old and new price; ids that have no row in the price list and stay as they are."""

    changed: Mapping[str, tuple[Decimal, Decimal]]
    confirmed: tuple[str, ...]
    left: tuple[str, ...]


def refresh(client: Pricing, today: date, path: Path = prices.PRICE_FILE) -> Refreshed:
    """Rewrites the file at `path` with the prices of today. Raises CostError, and writes nothing, if one entry has no
    row or rows of different prices.
    """
    content = prices.read(path)
    region = content["meta"]["region"]
    changed: dict[str, tuple[Decimal, Decimal]] = {}
    confirmed, left, problems = [], [], []
    for name, entry in content["prices"].items():
        if not entry.get("filter"):
            left.append(name)
            continue
        try:
            value = current(client, entry["filter"], region)
        except CostError as error:
            problems.append(f"{name}: {error}")
            continue
        if value == Decimal(entry["price"]):
            confirmed.append(name)
        else:
            changed[name] = (Decimal(entry["price"]), value)
        entry |= {"price": f"{value:f}", "as_of": today.isoformat(), "confidence": "high", "source": [SOURCE]}
    if problems:
        raise CostError("\n".join([f"{len(problems)} prices cannot be found; {path.name} is as it was.", *problems]))
    content["sources"][SOURCE] = SOURCE_TEXT
    content["meta"]["collected"] = today.isoformat()
    fresh = path.with_suffix(".new")
    fresh.write_text(text(content, _header(path)), encoding="utf-8")
    try:
        prices.load(fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return Refreshed(changed=changed, confirmed=tuple(confirmed), left=tuple(left))


def text(content: Mapping[str, Any], header: str) -> str:
    """A price file, in the one form it has: the difference of two files is the difference of their prices."""
    parts = [
        yaml.safe_dump({key: content[key]}, sort_keys=False, width=118, allow_unicode=True, default_flow_style=style)
        for key, style in (("schema", False), ("meta", False), ("sources", False), ("prices", None))
    ]
    return header + "".join(parts)


def _header(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("#"))


def current(client: Pricing, wanted: Mapping[str, Any], region: str) -> Decimal:
    """The one price that a filter finds. Raises CostError for none, and for rows of different prices."""
    found = {value for row in _rows(client, wanted, region) for value in _values(row, wanted.get("begin_range"))}
    if not found:
        raise CostError(f"no row of {wanted['service_code']} has usage type {wanted.get('usagetype')!r} and its terms")
    if len(found) > 1:
        shown = ", ".join(f"{value:f}" for value in sorted(found))
        raise CostError(f"rows of different prices match ({shown}): narrow its filter")
    value = found.pop() * wanted.get("scale", 1)
    return value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))


def _rows(client: Pricing, wanted: Mapping[str, Any], region: str) -> Iterator[Mapping[str, Any]]:
    terms = dict(wanted.get("attributes") or {})
    terms |= {
        field: wanted[key]
        for key, field in (("product_family", "productFamily"), ("operation", "operation"))
        if key in wanted
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
            # A filter cannot ask for an attribute that is empty.
            if not any(attributes.get(field) for field, value in terms.items() if not value):
                yield row
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _values(row: Mapping[str, Any], begin: str | None) -> Iterator[Decimal]:
    """The price of each of the row's terms: of the tier that begins at `begin`, else of the first that costs."""
    for term in row.get("terms", {}).get("OnDemand", {}).values():
        tiers = sorted(term["priceDimensions"].values(), key=lambda tier: Decimal(tier["beginRange"]))
        for tier in tiers:
            value = Decimal(tier["pricePerUnit"].get("USD", "0"))
            if tier["beginRange"] == begin or (begin is None and value > 0):
                yield value
                break
