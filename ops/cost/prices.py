"""The dated price list: read, checked, and every use of a price checked against the unit it is sold in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from ops.cost.errors import CostError
from ops.cost.units import UNITS

PRICE_FILE = Path(__file__).parent / "prices.yaml"
STALE_DAYS = 180
REFRESH = "`python -m ops cost --refresh-prices` updates it"


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD for one `unit`; a share of another price where the unit is "share". `filter` finds it in AWS's price list."""

    id: str
    service: str
    unit: str
    value: Decimal
    as_of: date
    confidence: str
    filter: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """List prices of one Region by id."""

    region: str
    prices: Mapping[str, Price]

    def __getitem__(self, price_id: str) -> Price:
        """The price; CostError if there is none."""
        if price_id not in self.prices:
            raise CostError(f"there is no price {price_id}: add it to prices.yaml with its unit, source and date")
        return self.prices[price_id]

    def stale(self, today: date) -> list[Price]:
        """Prices that nobody has confirmed for STALE_DAYS, oldest first; those of 2020 are frozen on purpose."""
        old = [
            price
            for price in self.prices.values()
            if (today - price.as_of).days > STALE_DAYS and not price.id.startswith("seed2020.")
        ]
        return sorted(old, key=lambda price: (price.as_of, price.id))

    def warnings(self, today: date) -> list[str]:
        """What to say in every output about the age of the prices."""
        old = self.stale(today)
        if not old:
            return []
        names = ", ".join(price.id for price in old[:5]) + (", …" if len(old) > 5 else "")  # noqa: PLR2004
        return [
            f"{len(old)} of {len(self.prices)} prices are older than {STALE_DAYS} days (oldest {old[0].as_of}): "
            f"{names}. {REFRESH}."
        ]


def load(path: Path = PRICE_FILE) -> PriceBook:
    """The price list at `path`. Raises CostError for a file with a missing, doubled, misspelt or absurd entry."""
    content = read(path)
    entries = content.get("prices") or {}
    problems = [f"there is no entry {name}" for name in UNITS if name not in entries]
    problems += [f"{name} is not a price that anything is calculated with" for name in entries if name not in UNITS]
    prices: dict[str, Price] = {}
    for name, entry in entries.items():
        try:
            prices[name] = _price(name, entry)
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise CostError("\n".join([f"{path.name} has {len(problems)} problems; nothing was priced.", *problems]))
    return PriceBook(region=content["meta"]["region"], prices=prices)


def read(path: Path = PRICE_FILE) -> dict[str, Any]:
    """The file as plain data. Raises CostError where it is not YAML or an entry stands twice."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Unique)  # noqa: S506  a SafeLoader
    except (OSError, yaml.YAMLError) as error:
        raise CostError(f"{path.name} cannot be read: {error}") from None
    if not isinstance(content, dict) or "meta" not in content:
        raise CostError(f"{path.name} is no price list: it has no meta")
    return content


def _price(name: str, entry: Mapping[str, Any]) -> Price:
    if not isinstance(entry, Mapping):
        raise ValueError("it is not a group of keys")  # noqa: TRY004  one kind of problem
    missing = {"service", "unit", "price", "as_of", "confidence"} - entry.keys()
    if missing:
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    unit = UNITS.get(name, entry["unit"])
    if entry["unit"] != unit:
        raise ValueError(f"its unit is {entry['unit']!r}, and it is used as a price per {unit}")
    if not isinstance(entry["price"], str):
        raise ValueError(f"its price {entry['price']} is not text: quote it, so that no digit is lost")  # noqa: TRY004
    try:
        value = Decimal(entry["price"])
    except InvalidOperation:
        raise ValueError(f"its price {entry['price']!r} is not a number") from None
    if not value.is_finite() or value <= 0 or (unit == "share" and value >= 1):
        raise ValueError(f"its price {value} is absurd: it is above 0, and a share is below 1")
    return Price(
        id=name,
        service=entry["service"],
        unit=unit,
        value=value,
        as_of=date.fromisoformat(str(entry["as_of"])),
        confidence=entry["confidence"],
        filter=entry.get("filter"),
    )


class _Unique(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Refuses a key that stands twice: YAML would keep the last one in silence."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.YAMLError(f"{key} stands twice, in lines {seen[key]} and {key_node.start_mark.line + 1}")
        seen[key] = key_node.start_mark.line + 1
    return loader.construct_mapping(node, deep=True)


_Unique.add_constructor("tag:yaml.org,2002:map", _mapping)
