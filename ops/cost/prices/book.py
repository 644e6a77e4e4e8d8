"""The price file: read, checked for completeness, and each price checked against the unit in which it is used."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from ops.cost.errors import CostError
from ops.cost.prices.units import UNITS

PRICE_FILE = Path(__file__).parent / "prices.yaml"
STALE_DAYS = 180
REFRESH = "`python -m ops cost --refresh-prices` updates it"


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD for one `unit`, or a share of another price if the unit is "share". `filter` finds it in AWS's price list."""

    id: str
    service: str
    unit: str
    value: Decimal
    as_of: date
    confidence: str
    filter: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """The list prices of one Region by id."""

    region: str
    prices: Mapping[str, Price]

    def __getitem__(self, price_id: str) -> Price:
        """The price. Raises CostError if there is none."""
        if price_id not in self.prices:
            raise CostError(f"there is no price {price_id}: add it to prices.yaml with its unit, source and date")
        return self.prices[price_id]

    def stale_prices(self, today: date) -> list[Price]:
        """Prices that were not confirmed for STALE_DAYS, oldest first; those of the 2020 proposal never change."""
        old = [
            price
            for price in self.prices.values()
            if (today - price.as_of).days > STALE_DAYS and not price.id.startswith("proposal_2020.")
        ]
        return sorted(old, key=lambda price: (price.as_of, price.id))

    def warnings(self, today: date) -> list[str]:
        """The warning about old prices that every output contains."""
        old = self.stale_prices(today)
        if not old:
            return []
        names = ", ".join(price.id for price in old[:5]) + (", …" if len(old) > 5 else "")  # noqa: PLR2004
        return [
            f"{len(old)} of {len(self.prices)} prices are older than {STALE_DAYS} days (oldest {old[0].as_of}): "
            f"{names}. {REFRESH}."
        ]


def load_prices(path: Path = PRICE_FILE) -> PriceBook:
    """The price file at `path`. Raises CostError for missing, duplicate, unknown and impossible entries."""
    content = read_price_file(path)
    entries = content.get("prices") or {}
    problems = [f"there is no entry {name}" for name in UNITS if name not in entries]
    problems += [f"{name} is not used by any calculation" for name in entries if name not in UNITS]
    prices: dict[str, Price] = {}
    for name, entry in entries.items():
        try:
            prices[name] = _parse_price(name, entry)
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise CostError("\n".join([f"{path.name} has {len(problems)} problems; no price was used.", *problems]))
    return PriceBook(region=content["meta"]["region"], prices=prices)


def read_price_file(path: Path = PRICE_FILE) -> dict[str, Any]:
    """The price file as plain data. Raises CostError if it is not YAML or has a duplicate key."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506  a SafeLoader
    except (OSError, yaml.YAMLError) as error:
        raise CostError(f"{path.name} cannot be read: {error}") from None
    if not isinstance(content, dict) or "meta" not in content:
        raise CostError(f"{path.name} is not a price file: it has no meta")
    return content


def _parse_price(name: str, entry: Mapping[str, Any]) -> Price:
    if not isinstance(entry, Mapping):
        raise ValueError("it is not a mapping")  # noqa: TRY004  the caller collects ValueError
    missing = {"service", "unit", "price", "as_of", "confidence"} - entry.keys()
    if missing:
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    unit = UNITS.get(name, entry["unit"])
    if entry["unit"] != unit:
        raise ValueError(f"its unit is {entry['unit']!r}, but it is used as a price per {unit}")
    if not isinstance(entry["price"], str):
        raise ValueError(f"its price {entry['price']} is not text: quote it so that no digit is lost")  # noqa: TRY004
    try:
        value = Decimal(entry["price"])
    except InvalidOperation:
        raise ValueError(f"its price {entry['price']!r} is not a number") from None
    if not value.is_finite() or value <= 0 or (unit == "share" and value >= 1):
        raise ValueError(f"its price {value} is impossible: it must be above 0, and a share below 1")
    return Price(
        id=name,
        service=entry["service"],
        unit=unit,
        value=value,
        as_of=date.fromisoformat(str(entry["as_of"])),
        confidence=entry["confidence"],
        filter=entry.get("filter"),
    )


class _UniqueKeyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """A loader that rejects duplicate keys, of which YAML would keep the last without a warning."""


def _construct_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    seen: dict[Hashable, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.YAMLError(f"duplicate key {key} in lines {seen[key]} and {key_node.start_mark.line + 1}")
        seen[key] = key_node.start_mark.line + 1
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
