"""Places that open connections or answer them, and those outside the VPC: centers, the internet, any address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Literal, TypeAlias

from ops.deploy.reachability.model import Network, Subnet
from ops.deploy.reachability.reading import Centers
from ops.plan import PlanError

Where: TypeAlias = Literal["vpc", "internet", "center", "service", "nowhere"]

RESERVED = 4
"""AWS keeps the first four addresses of a subnet; https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""

PUBLIC_ADDRESSES = tuple(IPv4Address(f"{first}.8.8.8") for first in (8, 96, 130, 151, 193, 217))
PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))


@dataclass(frozen=True, kw_only=True)
class Session:
    """What sessions of a client VPN may reach: networks by authorization rule, and networks by route."""

    authorized: tuple[tuple[str, IPv4Network], ...]
    routed: tuple[IPv4Network, ...]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One place of an endpoint: an interface in a subnet, or an address outside the VPC.

    `groups` are URNs of security groups, None where they are not known or do not exist. `public` means that it has a
    public address. `service` is the URN of the gateway endpoint that leads to it.
    """

    name: str
    address: IPv4Address
    where: Where
    subnet: Subnet | None = None
    groups: frozenset[str] | None = None
    public: bool = False
    center: str = ""
    service: str = ""
    session: Session | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A named end of connections. `listens` is None where the plan does not say on which ports."""

    name: str
    points: tuple[Point, ...]
    listens: frozenset[int] | None = None
    note: str = ""


def find_address(text: str, network: Network, centers: Centers) -> Endpoint:
    """The endpoint of an IPv4 address; PlanError if it is none.

    In the VPC it is an interface whose security groups are not known, so they are not checked.
    """
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise PlanError(f"{text} is neither a known endpoint nor an IPv4 address") from None
    for subnet in network.subnets.values():
        if address in subnet.block:
            point = Point(name=text, address=address, where="vpc", subnet=subnet)
            return Endpoint(
                name=text, points=(point,), note=f"{text}: its security groups are not known, so not checked"
            )
    for center, blocks in centers.items():
        if any(address in block for block in blocks):
            return Endpoint(name=text, points=(Point(name=text, address=address, where="center", center=center),))
    return Endpoint(name=text, points=(_stranger(text, address, network),))


def sample_addresses(block: IPv4Network, known: Iterable[IPv4Network]) -> list[IPv4Address]:
    """One address of `block` for each part of it that the networks `known` tell apart."""
    inner = sorted((other for other in known if other != block and other.subnet_of(block)), reverse=True)
    found = [other[RESERVED if other.num_addresses > RESERVED else 0] for other in inner]
    rest = (block[offset] for offset in range(RESERVED, min(block.num_addresses, 1024)))
    found += [next((address for address in rest if not any(address in other for other in inner)), block[-1])]
    return list(dict.fromkeys(found))


def find_outside(network: Network, centers: Centers) -> Iterator[Endpoint]:
    """The centers, the internet, and every other network that a rule names, as `network:<block>`."""
    known = network.networks
    for center, blocks in centers.items():
        points = tuple(
            Point(name=f"{center} {address}", address=address, where="center", center=center)
            for block in blocks
            for address in sample_addresses(block, known)
        )
        yield Endpoint(name=f"center:{center}", points=points)
    ours = [network.block, *(block for blocks in centers.values() for block in blocks)]
    for block in sorted(known):
        if block.prefixlen and not any(block.subnet_of(own) for own in ours):
            points = tuple(
                _stranger(f"network {address}", address, network)
                for address in sample_addresses(block, [*known, *ours])
                if not any(address in own for own in ours)
            )
            yield Endpoint(name=f"network:{block}", points=points)
    free = [address for address in PUBLIC_ADDRESSES if not any(address in block for block in known if block.prefixlen)]
    yield Endpoint(name="internet", points=(_stranger("internet", (free or PUBLIC_ADDRESSES)[0], network),))


def _stranger(name: str, address: IPv4Address, network: Network) -> Point:
    inside = address in network.block or any(address in block for block in PRIVATE)
    return Point(name=name, address=address, where="nowhere" if inside else "internet", public=True)
