"""Answers about a plan: the connections between two endpoints, over every pair of their places, and the matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from ops.deploy.reachability.endpoints import find_endpoints
from ops.deploy.reachability.model import Network
from ops.deploy.reachability.points import Endpoint, Point, find_address
from ops.deploy.reachability.reading import Centers, read_network, unread
from ops.deploy.reachability.results import Trace
from ops.deploy.reachability.trace import trace
from ops.plan import Plan, PlanError

GROUPS = {"edge": ("alb", "nlb")}
"""Names of several endpoints at once."""


class Pair(NamedTuple):
    """The trace between two places, for example two zones."""

    source: Point
    target: Point
    trace: Trace


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Whether connections from one endpoint to a port of another can be opened and answered, for every pair of places.

    `listens` is None where the plan does not say whether the target listens on the port.
    """

    source: str
    target: str
    port: int
    listens: bool | None
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the network lets every pair connect."""
        return bool(self.pairs) and all(pair.trace.open for pair in self.pairs)

    @property
    def refused(self) -> bool:
        """Whether the network lets no pair connect; a pair that passes and one that does not is neither."""
        return not any(pair.trace.open for pair in self.pairs)

    @property
    def open(self) -> bool:
        """Whether the network lets every pair connect, and the target listens as far as the plan says."""
        return self.passes and self.listens is not False

    @property
    def worst(self) -> Pair:
        """The first pair that something stops, or else the first."""
        return next((pair for pair in self.pairs if not pair.trace.open), self.pairs[0])

    def to_json(self) -> dict[str, Any]:
        """The answer as plain data."""
        return {
            "from": self.source,
            "to": self.target,
            "port": self.port,
            "open": self.open,
            "listens": self.listens,
            "notes": list(self.notes),
            "pairs": [
                {
                    "from": pair.source.name,
                    "to": pair.target.name,
                    "open": pair.trace.open,
                    "path": [hop._asdict() for hop in pair.trace.hops],
                    "stops": [stop._asdict() for stop in pair.trace.stops],
                }
                for pair in self.pairs
            ],
        }


class Reachability:
    """The packet model of one plan, with its endpoints by name."""

    def __init__(self, plan: Plan, centers: Centers | None = None) -> None:
        """`centers`: networks of the centers by name, which a plan does not contain."""
        self.centers: Centers = centers or {}
        self.stack = plan.stack
        self.network: Network = read_network(plan, self.centers)
        self.endpoints: Mapping[str, Endpoint] = find_endpoints(plan, self.network, self.centers)
        self.unread = unread(plan)
        self._traces: dict[Any, Trace] = {}

    @cached_property
    def notes(self) -> list[str]:
        """What the plan does not contain and the model assumes."""
        found = [endpoint.note for endpoint in self.endpoints.values() if endpoint.note]
        if any(gateway.kind == "vpn" for known in self.network.arrivals.values() for gateway in known):
            found.append("centers: each is assumed to announce its networks of the settings by BGP")
        if self.network.transits:
            found.append("transit gateway: its own route tables are assumed to lead to the VPC and to the centers")
        if self.unread:
            found.append(f"not part of this model: {', '.join(self.unread)}")
        return found

    def find(self, name: str) -> list[Endpoint]:
        """The endpoints of a name, or the one of an IPv4 address; PlanError for anything else."""
        members = [member for member in GROUPS.get(name, (name,)) if member in self.endpoints]
        if members:
            return [self.endpoints[member] for member in members]
        if name[:1].isdigit():
            return [find_address(name, self.network, self.centers)]
        known = ", ".join([*self.endpoints, *(group for group in GROUPS if group not in self.endpoints)])
        raise PlanError(f"stack {self.stack} has no endpoint {name}; there are: {known}, and any IPv4 address")

    def ask(self, source: str, target: str, port: int | None = None) -> list[Answer]:
        """An answer for each port, and for each endpoint if a name means several.

        Without a port: those on which the target listens, or 443 where the plan does not say.
        """
        return [
            self.answer(one, other, each)
            for one, other in product(self.find(source), self.find(target))
            for each in ([port] if port is not None else sorted(other.listens or {443}))
        ]

    def answer(self, source: Endpoint, target: Endpoint, port: int) -> Answer:
        """The answer for one port."""
        pairs = tuple(
            Pair(one, other, self._trace(one, other, port)) for one, other in product(source.points, target.points)
        )
        known = {source.name, target.name}
        notes = [note for note in [source.note, target.note, *self.notes] if note]
        return Answer(
            source=source.name,
            target=target.name,
            port=port,
            listens=None if target.listens is None else port in target.listens,
            pairs=pairs,
            notes=tuple(dict.fromkeys(note for note in notes if _concerns(note, known))),
        )

    def matrix(self, ports: Iterable[int] | None = None) -> Iterator[Answer]:
        """An answer for each pair of endpoints and each port that the rules of the network tell apart.

        An endpoint is paired with itself as well: its tasks in different zones, for example.
        """
        sampled = tuple(ports or self.network.sample_ports())
        names = self.endpoints.values()
        return (self.answer(one, other, port) for one, other in product(names, names) for port in sampled)

    def _trace(self, source: Point, target: Point, port: int) -> Trace:
        """The trace; places that no rule tells apart share it."""
        key = (_likeness(source), _likeness(target), port)
        if key not in self._traces:
            self._traces[key] = trace(self.network, source, target, port)
        return self._traces[key]


def _likeness(point: Point) -> tuple[Any, ...]:
    kind = point.name.partition(" in ")[0].partition(":")[0]
    return kind, point.address, point.subnet, point.groups, point.public, point.center, point.service


def _concerns(note: str, endpoints: set[str]) -> bool:
    subject = note.partition(":")[0]
    if subject in {"centers", "transit gateway"}:
        return any(name.startswith("center:") for name in endpoints)
    return subject in endpoints or subject == "not part of this model"
