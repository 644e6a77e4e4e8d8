"""The address plan. The VPC is divided into sixteen equal blocks, each of which permanently belongs to one role and one
zone: adding a zone never moves a subnet.
"""

from __future__ import annotations

from ipaddress import IPv4Network

ROLES = ("edge", "app", "data", "egress")
"""edge: load balancers. app: tasks and endpoints. data: database. egress: NAT gateway, where one is needed."""

ZONES = ("a", "b", "c", "d")

RESERVED_ADDRESSES = 5  # https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html


def zones(count: int) -> tuple[str, ...]:
    """The first `count` zone letters."""
    if not 1 <= count <= len(ZONES):
        raise ValueError(f"network.availability_zones is {count}; the subnet plan has room for 1 to {len(ZONES)}.")
    return ZONES[:count]


def subnet(vpc: IPv4Network, role: str, zone: str) -> IPv4Network:
    """The block of `role` in `zone`: a sixteenth of `vpc`."""
    index = ROLES.index(role) * len(ZONES) + ZONES.index(zone)
    return list(vpc.subnets(prefixlen_diff=4))[index]


def usable(network: IPv4Network) -> int:
    """Addresses left for interfaces once AWS has taken its five."""
    return network.num_addresses - RESERVED_ADDRESSES
