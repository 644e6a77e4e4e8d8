"""Address space, zones, and who can reach the store."""

from __future__ import annotations

import math
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

from layout.subnets import subnet, usable
from settings.models import Center, ClientVpn, Exposure, Network, Study, TierSettings
from settings.rules.problem import Problem, Problems, Rule

DEPLOYMENT_FACTOR = 2  # during a deployment old and new tasks run side by side
ENDPOINT_ADDRESSES = 6
ALB_ADDRESSES = 8
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html"""
NLB_ADDRESSES = 1
CLIENT_VPN_ADDRESSES = 20
"""https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is-best-practices.html"""
TRANSIT_ADDRESSES = 1

VPC_PREFIXES = range(16, 24)
"""AWS accepts a /16 to /28; a load balancer needs a /27, and a subnet is a sixteenth of the VPC.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html"""

ANYWHERE = IPv4Network("0.0.0.0/0")
WIDEST_PREFIX = 8
UNUSABLE = tuple(IPv4Network(block) for block in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"))
"""This host, loopback, link-local and multicast (RFC 6890): EC2 creates no VPC there. It accepts public networks."""


def networks_are_disjoint(network: Network, centers: tuple[Center, ...], client_vpn: ClientVpn | None) -> Problems:
    """Traffic between overlapping networks can't be routed."""
    known = [("network.cidr", network.cidr)]
    known += [(f"centers.{center.name}.networks", block) for center in centers for block in center.networks]
    if client_vpn is not None:
        known.append(("client_vpn.cidr", client_vpn.cidr))
    for (one, first), (other, second) in combinations(known, 2):
        if first.overlaps(second):
            yield Problem(
                key=other,
                value=str(second),
                rule=f"it overlaps {one} {first}",
                remedy="Choose networks that share no address",
            )


def network_is_usable(network: Network, client_vpn: ClientVpn | None) -> Problems:
    """Some networks never carry traffic between hosts."""
    known = {"network.cidr": network.cidr}
    if client_vpn is not None:
        known["client_vpn.cidr"] = client_vpn.cidr
    for key, block in known.items():
        for unusable in UNUSABLE:
            if block.overlaps(unusable):
                yield Problem(
                    key=key,
                    value=str(block),
                    rule=f"AWS accepts no network in {unusable}",
                    remedy="Choose a private one, such as 10.20.0.0/20",
                )


def clients_are_outside(network: Network, exposure: Exposure, centers: tuple[Center, ...]) -> Problems:
    """Clients of a public store come from the internet, and a center is not a large part of it."""
    for block in exposure.allow:
        if block != ANYWHERE and block.overlaps(network.cidr):
            yield Problem(
                key="exposure.allow",
                value=str(block),
                rule=f"it overlaps network.cidr {network.cidr}, from which no client connects",
                remedy="List the networks that the internet sees",
            )
    for center in centers:
        for block in center.networks:
            if block.prefixlen < WIDEST_PREFIX:
                yield Problem(
                    key=f"centers.{center.name}.networks",
                    value=str(block),
                    rule=f"a center's network is a /{WIDEST_PREFIX} or smaller",
                    remedy="List the networks of its senders and readers",
                )


def transit_gateway_is_attached(network: Network, centers: tuple[Center, ...]) -> Problems:
    """The VPN connections of the centers attach to it, so without any it would have no effect."""
    if network.transit_gateway_id is not None and not any(center.gateway for center in centers):
        yield Problem(
            key="network.transit_gateway_id",
            value=network.transit_gateway_id,
            rule="no center has a gateway, so nothing would be attached to it",
            remedy="Give a center a gateway, or remove it",
        )


def network_is_large_enough(
    network: Network, web: TierSettings, app: TierSettings, exposure: Exposure, client_vpn: ClientVpn | None
) -> Problems:
    """Every subnet is a sixteenth of the VPC. An app subnet has an address for each task, twice over during a
    deployment, and for the endpoints; an edge subnet for load balancers, client VPN and transit gateway.
    """
    size = network.cidr.prefixlen
    if size not in VPC_PREFIXES:
        yield Problem(
            key="network.cidr",
            value=str(network.cidr),
            rule="the VPC is a /16 to /23: a load balancer needs a /27, and every subnet is a sixteenth of the VPC",
            remedy="A /20 suits most studies",
        )
        return
    tasks = sum(math.ceil(DEPLOYMENT_FACTOR * tier.max / network.availability_zones) for tier in (web, app))
    edge = (
        ALB_ADDRESSES
        + NLB_ADDRESSES * (exposure.kind == "vpn")
        + CLIENT_VPN_ADDRESSES * (client_vpn is not None)
        + TRANSIT_ADDRESSES * (network.transit_gateway_id is not None)
    )
    needed, purpose = max(
        (tasks + ENDPOINT_ADDRESSES, "tasks and endpoints"), (edge, "load balancers and VPN"), key=lambda need: need[0]
    )
    room = usable(subnet(network.cidr, "app", "a"))
    if needed > room:
        large_enough = next((size for size in reversed(VPC_PREFIXES) if room_of(size) >= needed), VPC_PREFIXES[0])
        yield Problem(
            key="network.cidr",
            value=str(network.cidr),
            rule=f"a subnet of it has {room} addresses, and its {purpose} need {needed}",
            remedy=f"Use a /{large_enough}" + (", or fewer tasks" if needed > edge else ""),
        )


def room_of(vpc_prefix: int) -> int:
    """Addresses in one subnet of a VPC of this prefix length."""
    return usable(subnet(IPv4Network((0, vpc_prefix)), "app", "a"))


def endpoints_lie_in_zones(network: Network) -> Problems:
    """An endpoint needs a subnet."""
    if network.endpoint_zones and network.endpoint_zones > network.availability_zones:
        yield Problem(
            key="network.endpoint_zones",
            value=network.endpoint_zones,
            rule=f"there are {network.availability_zones} zones",
            remedy="Lower it, or leave it out for an endpoint in every zone",
        )


def load_balancer_spans_zones(network: Network) -> Problems:
    """An application load balancer and a database subnet group need two zones."""
    if network.availability_zones == 1:
        yield Problem(
            key="network.availability_zones",
            value=1,
            rule="a load balancer and an Aurora cluster need two Availability Zones",
            remedy="Set it to 2; to save, lower network.endpoint_zones instead",
        )


def exposure_is_reachable(
    exposure: Exposure, centers: tuple[Center, ...], client_vpn: ClientVpn | None, study: Study
) -> Problems:
    """Somebody must be able to reach the store, and nobody by accident."""
    tunnels = [center for center in centers if center.gateway is not None]
    if exposure.kind == "vpn" and not tunnels and client_vpn is None:
        yield Problem(
            key="exposure.kind",
            value="vpn",
            rule="there is neither a center with a gateway nor a client VPN, so nobody could reach the store",
            remedy="Give a center a gateway, or add client_vpn",
        )
    if exposure.kind == "vpn" and exposure.allow:
        yield Problem(
            key="exposure.allow",
            value=[str(block) for block in exposure.allow],
            rule="the allow-list belongs to a public store",
            remedy="Remove it: behind a VPN the centers' networks are let in",
        )
    if exposure.kind == "public":
        if not exposure.allow:
            yield Problem(
                key="exposure.allow",
                value=[],
                rule="a public store names who may connect",
                remedy="List their networks",
            )
        if ANYWHERE in exposure.allow and study.data == "synthetic":
            yield Problem(
                key="exposure.allow",
                value=str(ANYWHERE),
                rule="a store of synthetic data has no sign-in to rely on and is open to an allow-list only",
                remedy="List the networks of those who test it",
            )
        if tunnels or client_vpn is not None:
            yield Problem(
                key="exposure.kind",
                value="public",
                rule="a VPN leads to a store behind a VPN",
                remedy="Set exposure.kind to vpn, or remove gateways and client_vpn",
            )


def centers_are_distinct(centers: tuple[Center, ...]) -> Problems:
    """A tunnel is known by its gateway, a sender by its AE title."""
    seen: dict[tuple[str, Any], str] = {}
    for center in centers:
        facts: list[tuple[str, Any]] = [("name", center.name), *(("ae_titles", title) for title in center.ae_titles)]
        if center.gateway is not None:
            facts += [("gateway.address", center.gateway.address), ("gateway.asn", center.gateway.asn)]
            if not center.networks:
                yield Problem(
                    key=f"centers.{center.name}.networks",
                    value=[],
                    rule="a center with a gateway has networks that the tunnel leads to",
                    remedy="List them",
                )
        for fact in facts:
            if fact in seen:
                yield Problem(
                    key=f"centers.{center.name}.{fact[0]}",
                    value=str(fact[1]),
                    rule=f"the center {seen[fact]} has the same",
                    remedy="Give each center its own",
                )
            seen[fact] = center.name


RULES: tuple[Rule, ...] = (
    networks_are_disjoint,
    network_is_usable,
    clients_are_outside,
    transit_gateway_is_attached,
    network_is_large_enough,
    endpoints_lie_in_zones,
    load_balancer_spans_zones,
    exposure_is_reachable,
    centers_are_distinct,
)
