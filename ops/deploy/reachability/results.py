"""What is known of one connection: what lets its packets pass, and what stops them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

Way: TypeAlias = Literal["forward", "return"]
Layer: TypeAlias = Literal["address", "authorization", "source group", "target group", "route", "acl"]


class Hop(NamedTuple):
    """What lets the packets pass at one place: the route, rule or ACL entries by name."""

    way: Way
    layer: Layer
    place: str
    by: tuple[str, ...]


class Stop(NamedTuple):
    """What stops the packets at one place, and why."""

    way: Way
    layer: Layer
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason} ({self.way}, {self.layer})"


@dataclass(kw_only=True)
class Trace:
    """A connection between two points: open unless something stops it. `stops` lists all obstacles, the first first."""

    hops: list[Hop] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether the connection can be opened and answered."""
        return not self.stops
