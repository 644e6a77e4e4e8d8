"""Follows one TCP connection through the network and back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address
from typing import NamedTuple

from ops.deploy.reachability.model import (
    EPHEMERAL,
    LOCAL,
    Direction,
    Gateway,
    GroupRule,
    Network,
    Ports,
    Route,
    RouteTable,
    Subnet,
)
from ops.deploy.reachability.points import RESERVED, Point
from ops.deploy.reachability.results import Hop, Layer, Stop, Trace, Way

NOTHING = Gateway("unknown", "nothing")


class Leg(NamedTuple):
    """Packets from `sender` to `receiver` between two subnets, or between a subnet and what is outside (None).

    `checks_own` makes the ACL count even if both are the same subnet, as it does on the way to a transit gateway, but
    not on the way from it; https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html
    """

    start: Subnet | None
    end: Subnet | None
    sender: IPv4Address
    receiver: IPv4Address
    via: Gateway = LOCAL
    routed_by: Subnet | None = None
    returned_by: Subnet | None = None
    checks_own: bool = False

    def reversed(self) -> Leg:
        """The leg of the responses."""
        own = self.via.kind == "transit" and not self.checks_own
        return Leg(self.end, self.start, self.receiver, self.sender, self.via, self.returned_by, self.routed_by, own)


def trace(network: Network, source: Point, target: Point, port: int) -> Trace:
    """What happens to a connection from `source` to `port` of `target`."""
    return _Tracer(network, source, target, port).run()


class _Tracer:
    """One connection: finds its legs, and checks them forth and back."""

    def __init__(self, network: Network, source: Point, target: Point, port: int) -> None:
        self.network, self.source, self.target, self.port = network, source, target, port
        self.found = Trace()

    def run(self) -> Trace:
        self._check_session()
        self._check_group(self.source, self.target, "egress")
        inside = self.source.subnet
        legs = list(self._legs_in() if inside is None else self._legs_out(inside, self.source))
        for leg in legs:
            self._check_leg(leg, "forward", (self.port, self.port))
        self._check_group(self.target, self.source, "ingress")
        for leg in reversed(legs):
            self._check_leg(leg.reversed(), "return", EPHEMERAL)
        return self.found

    def _stop(self, layer: Layer, place: str, reason: str, way: Way = "forward") -> None:
        self.found.stops.append(Stop(way, layer, place, reason))

    def _check_session(self) -> None:
        if self.target.session:
            self._stop("address", self.target.name, "nothing can open a connection to a VPN session")
        if not self.source.session:
            return
        address = self.target.address
        rules = tuple(name for name, block in self.source.session.authorized if address in block)
        routed = any(address in block for block in self.source.session.routed)
        if rules and routed:
            self.found.hops.append(Hop("forward", "authorization", self.source.name, rules))
        else:
            missing = "authorization rule" if routed else "route of the endpoint"
            self._stop("authorization", self.source.name, f"no {missing} covers {address}")

    def _check_group(self, own: Point, peer: Point, direction: Direction) -> None:
        """Security groups are stateful: only who opens the connection matters."""
        if own.groups is None:
            return
        layer: Layer = "source group" if direction == "egress" else "target group"
        groups = [self.network.groups[urn] for urn in sorted(own.groups)]
        by = tuple(
            rule.name
            for group in groups
            for rule in group.rules[direction]
            if rule.ports[0] <= self.port <= rule.ports[1] and _covers(rule, peer)
        )
        place = ", ".join(group.name for group in groups) or own.name
        if by:
            self.found.hops.append(Hop("forward", layer, place, by))
        else:
            word = "to" if direction == "egress" else "from"
            self._stop(
                layer, place, f"no {direction} rule allows TCP {self.port} {word} {peer.name} ({_text(peer.address)})"
            )

    def _legs_in(self) -> Iterator[Leg]:
        """From outside: the internet gateway, or the gateway of a center."""
        inside = self.target.subnet
        if inside is None:
            self._stop("address", self.source.name, f"{self.target.name} is outside the VPC as well")
            return
        via = self._way_in() or NOTHING
        if via.kind == "transit":
            yield self._transit_leg(via, inside, self.target, self.source).reversed()
        else:
            yield Leg(None, inside, self.source.address, self.target.address, via, None, inside)

    def _way_in(self) -> Gateway | None:
        if self.source.where == "center":
            gateways = self.network.arrivals[self.source.center]
            if not gateways:
                self._stop("address", self.source.name, "the plan has no VPN connection")
            return gateways[0] if gateways else None
        if self.source.where != "internet":
            self._stop("address", self.source.name, "it opens no connection into the VPC")
            return None
        if not self.target.public:
            self._stop("address", self.target.name, "it has no public address")
        if self.network.internet is None:
            self._stop("address", self.target.name, "the VPC has no internet gateway")
        return self.network.internet

    def _legs_out(self, subnet: Subnet, sender: Point) -> Iterator[Leg]:
        """From an interface: to another one, to a gateway, or to a NAT gateway and from there once more."""
        target = self.target
        route = subnet.table.find(target.address, target.service)
        via = route.gateway if route else NOTHING
        if target.subnet is not None:
            yield Leg(subnet, target.subnet, sender.address, target.address, LOCAL, subnet, target.subnet)
        elif via.kind == "nat" and via.key in self.network.nats:
            nat = self.network.nats[via.key]
            # Responses reach the NAT gateway at its own address; it restores the sender's, to which the VPC routes.
            yield Leg(subnet, nat.subnet, sender.address, target.address, via, subnet, None)
            if sender is not self.source:
                self._stop("route", nat.subnet.table.name, f"it leads back to {via.name}")
                return
            address = nat.subnet.block[RESERVED]
            behind = Point(name=via.name, address=address, where="vpc", subnet=nat.subnet, public=nat.public)
            yield from self._legs_out(nat.subnet, behind)
        elif via.kind == "transit":
            yield self._transit_leg(via, subnet, sender, target)
        else:
            if route is not None:
                self._check_exit(route, sender)
            yield Leg(subnet, None, sender.address, target.address, via, subnet, None)

    def _transit_leg(self, via: Gateway, subnet: Subnet, inside: Point, outside: Point) -> Leg:
        """The leg from `subnet` to the attachment of the transit gateway in the same zone."""
        attached = [each for each in self.network.transits.get(via.key, ()) if each.zone == subnet.zone]
        if not attached:
            self._stop("route", via.name, f"the VPC is not attached to it in {subnet.zone}")
        if outside.where != "center" or via not in self.network.arrivals[outside.center]:
            self._stop("route", via.name, f"it does not lead to {outside.name}")
        end = attached[0] if attached else None
        return Leg(subnet, end, inside.address, outside.address, via, subnet, None, checks_own=True)

    def _check_exit(self, route: Route, sender: Point) -> None:
        """Whether the gateway leads to the target."""
        via, target = route.gateway, self.target
        if via.kind == "internet" and not sender.public:
            self._stop("address", sender.name, f"it has no public address for {via.name}")
        leads = {
            "internet": target.where in {"internet", "service"},
            "vpn": target.where == "center" and via in self.network.arrivals[target.center],
            "endpoint": target.service == via.key,
        }
        if not leads.get(via.kind, False):
            self._stop("route", route.name, f"{via.name} does not lead to {target.name}")

    def _check_leg(self, leg: Leg, way: Way, ports: Ports) -> None:
        if leg.routed_by is not None:
            self._check_route(leg, leg.routed_by.table, way)
        if leg.start is leg.end and not leg.checks_own:
            return
        sides: tuple[tuple[Subnet | None, Direction, IPv4Address], ...] = (
            (leg.start, "egress", leg.receiver),
            (leg.end, "ingress", leg.sender),
        )
        for subnet, direction, peer in sides:
            if subnet is None:
                continue
            decision = subnet.acl.decide(direction, peer, ports)
            if decision.denied is None:
                self.found.hops.append(Hop(way, "acl", subnet.acl.name, decision.entries))
            else:
                first, last = decision.denied
                what = f"TCP {first}" if first == last else f"TCP {first}-{last}"
                word = "to" if direction == "egress" else "from"
                reason = f"{direction} {what} {word} {_text(peer)} in {subnet.name}: {decision.by}"
                self._stop("acl", subnet.acl.name, reason, way)

    def _check_route(self, leg: Leg, table: RouteTable, way: Way) -> None:
        route = table.find(leg.receiver, self.target.service if way == "forward" else "")
        if route is None:
            self._stop("route", table.name, f"no route to {_text(leg.receiver)}", way)
        elif route.gateway != leg.via:
            reason = f"{route.name} leads to {route.gateway.name}, not to {leg.via.name}"
            self._stop("route", table.name, reason, way)
        else:
            self.found.hops.append(Hop(way, "route", table.name, (route.name,)))


_text = cache(str)
"""An address as text, which takes longer than to follow its packets."""


def _covers(rule: GroupRule, peer: Point) -> bool:
    """Whether a rule names the peer: its address, one of its groups, or the prefix list of its service."""
    return (
        (rule.block is not None and peer.address in rule.block)
        or (rule.service != "" and rule.service == peer.service)
        or (peer.groups is not None and rule.group in peer.groups)
    )
