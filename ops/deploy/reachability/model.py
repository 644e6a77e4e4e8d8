"""What routes and filters a TCP packet in a VPC, as values without Pulumi types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, NamedTuple, TypeAlias

Ports: TypeAlias = tuple[int, int]
"""First and last port."""

Direction: TypeAlias = Literal["ingress", "egress"]
Kind: TypeAlias = Literal["local", "internet", "nat", "vpn", "transit", "endpoint", "unknown"]

ALL_PORTS: Ports = (0, 65535)
EPHEMERAL: Ports = (1024, 65535)
"""Ports of clients. Load balancers, NAT gateways and Lambda use the whole range:
https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports"""


@dataclass(frozen=True)
class Gateway:
    """Where a route leads. `key` is the URN or, for what the stack does not declare, the id."""

    kind: Kind
    name: str = field(compare=False)
    key: str = ""


LOCAL = Gateway("local", "local")


class AclEntry(NamedTuple):
    """One numbered entry of a network ACL."""

    number: int
    allow: bool
    ports: Ports
    block: IPv4Network


class Decision(NamedTuple):
    """What a network ACL does with packets: the entries that allow them, and the first range it does not let pass."""

    entries: tuple[str, ...]
    denied: Ports | None
    by: str = ""


@dataclass(frozen=True, eq=False)
class Acl:
    """A network ACL: stateless, entries by number, everything else is denied."""

    name: str
    entries: Mapping[Direction, tuple[AclEntry, ...]]
    _decisions: dict[tuple[Direction, IPv4Address, Ports], Decision] = field(default_factory=dict, init=False)

    def decide(self, direction: Direction, peer: IPv4Address, ports: Ports) -> Decision:
        """What happens to packets that enter from `peer` or leave to it, with these destination ports."""
        key = (direction, peer, ports)
        if key not in self._decisions:
            self._decisions[key] = self._decide(direction, peer, ports)
        return self._decisions[key]

    def _decide(self, direction: Direction, peer: IPv4Address, ports: Ports) -> Decision:
        remaining, used = [ports], []
        for entry in self.entries[direction]:
            if peer not in entry.block:
                continue
            left = []
            for first, last in remaining:
                start, end = max(first, entry.ports[0]), min(last, entry.ports[1])
                if start > end:
                    left.append((first, last))
                    continue
                if not entry.allow:
                    return Decision(tuple(used), (start, end), f"entry {entry.number} denies it")
                used.append(f"{self.name} {direction} {entry.number}")
                left += [(first, start - 1)] if first < start else []
                left += [(end + 1, last)] if end < last else []
            remaining = left
            if not remaining:
                return Decision(tuple(used), None)
        return Decision(tuple(used), remaining[0], "no entry allows it")


class Route(NamedTuple):
    """One route: to a network, or to the service behind a gateway endpoint."""

    name: str
    gateway: Gateway
    block: IPv4Network | None = None
    propagated: bool = False


@dataclass(frozen=True, eq=False)
class RouteTable:
    """A route table; `routes` includes the local one."""

    name: str
    routes: tuple[Route, ...]

    def find(self, address: IPv4Address, service: str) -> Route | None:
        """The route to an address, which belongs to the gateway endpoint `service` if that is not empty.

        The longest prefix wins, then the static route. A prefix list is longer than a default route:
        https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
        """
        for route in self.routes:
            if service and route.gateway.kind == "endpoint" and route.gateway.key == service:
                return route
        matching = [route for route in self.routes if route.block is not None and address in route.block]
        return max(matching, key=lambda route: (_length(route), not route.propagated), default=None)


def _length(route: Route) -> int:
    return -1 if route.block is None else route.block.prefixlen


@dataclass(frozen=True, eq=False)
class Subnet:
    """A subnet with its route table and ACL."""

    name: str
    zone: str
    block: IPv4Network
    table: RouteTable
    acl: Acl


class GroupRule(NamedTuple):
    """One rule of a security group; its peer is a network, another group, or the prefix list of an endpoint."""

    name: str
    ports: Ports
    block: IPv4Network | None = None
    group: str = ""
    service: str = ""


@dataclass(frozen=True, eq=False)
class Group:
    """A security group; it is stateful, so responses need no rule."""

    name: str
    rules: Mapping[Direction, tuple[GroupRule, ...]]


class Nat(NamedTuple):
    """A NAT gateway: its subnet, and whether it has a public address."""

    subnet: Subnet
    public: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Everything of a plan that routes or filters packets.

    `subnets` and `groups` are by URN, `nats`, `transits` (subnets of a transit gateway's attachment) by the gateway's
    key, `arrivals` (gateways through which a center is connected) by the center's name. `internet` is the VPC's
    internet gateway.
    """

    block: IPv4Network
    subnets: Mapping[str, Subnet]
    groups: Mapping[str, Group]
    nats: Mapping[str, Nat]
    transits: Mapping[str, tuple[Subnet, ...]]
    arrivals: Mapping[str, tuple[Gateway, ...]]
    internet: Gateway | None
    tables: tuple[RouteTable, ...]

    @cached_property
    def networks(self) -> set[IPv4Network]:
        """Every network that a rule, an ACL entry or a route names."""
        entries = {entry.block for acl in self.acls() for part in acl.entries.values() for entry in part}
        rules = {rule.block for group in self.groups.values() for part in group.rules.values() for rule in part}
        routes = {route.block for table in self.tables for route in table.routes}
        return {block for block in entries | rules | routes if block is not None}

    def acls(self) -> set[Acl]:
        """The ACLs of all subnets."""
        return {subnet.acl for subnet in self.subnets.values()}

    def sample_ports(self) -> tuple[int, ...]:
        """One port of each range that the rules of the network tell apart."""
        ranges = {entry.ports for acl in self.acls() for part in acl.entries.values() for entry in part}
        ranges |= {rule.ports for group in self.groups.values() for part in group.rules.values() for rule in part}
        bounds = {1} | {first for first, _ in ranges} | {last + 1 for _, last in ranges}
        return tuple(sorted(bounds & set(range(1, ALL_PORTS[1] + 1))))
