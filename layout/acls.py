"""Network ACLs as data: the coarse, stateless fence around each subnet role; security groups do the fine work inside.

ACLs keep no state, so answers need a rule of their own on the ephemeral ports. Addresses of S3 cannot be named in an
ACL, hence the app subnets admit answers from anywhere: they have no route to the internet, only to the S3 endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

ANYWHERE = IPv4Network("0.0.0.0/0")
EPHEMERAL = (1024, 65535)
HTTPS = (443, 443)
POSTGRESQL = (5432, 5432)
DICOM = (104, 104)

MOST_PEERS = 8
"""Of 20 entries a direction, which AWS allows: each peer takes one for HTTPS and one for DICOM, the VPC does as well.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-nacls"""

PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


@dataclass(frozen=True)
class AclRule:
    """TCP traffic that an ACL lets through."""

    ports: tuple[int, int]
    peer: IPv4Network


@dataclass(frozen=True, kw_only=True)
class Acl:
    """Rules of one subnet role; everything else is refused."""

    ingress: tuple[AclRule, ...]
    egress: tuple[AclRule, ...]


def _rules(ports: tuple[int, int], peers: Iterable[IPv4Network]) -> tuple[AclRule, ...]:
    return tuple(AclRule(ports, peer) for peer in peers)


def fence(clients: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """The clients' networks, merged where they touch; more than `MOST_PEERS` make private ones their whole RFC 1918
    block, because the fence is coarse and a security group still admits each network by itself.
    """
    merged = tuple(collapse_addresses(clients))
    if len(merged) <= MOST_PEERS:
        return merged
    widened = (next((block for block in PRIVATE if one.subnet_of(block)), one) for one in merged)
    return tuple(collapse_addresses(widened))


def edge_acl(vpc: IPv4Network, clients: Iterable[IPv4Network], *, outbound: bool) -> Acl:
    """Clients, and sessions of the client VPN in the same subnets, reach the balancers; balancers reach the tasks and,
    `outbound`, the HTTPS services that tell who a person is.
    """
    peers = tuple(dict.fromkeys([*fence(clients), vpc]))
    services = ANYWHERE if outbound else vpc
    return Acl(
        ingress=_rules(HTTPS, peers) + _rules(DICOM, peers) + _rules(EPHEMERAL, [services]),
        egress=_rules(EPHEMERAL, peers) + _rules(DICOM, [vpc]) + _rules(HTTPS, [services]),
    )


def egress_acl(edge: Iterable[IPv4Network]) -> Acl:
    """The edge subnets reach HTTPS services on the internet through the NAT gateway; nothing comes in but answers."""
    inside = tuple(edge)
    return Acl(
        ingress=_rules(HTTPS, inside) + _rules(EPHEMERAL, [ANYWHERE]),
        egress=_rules(HTTPS, [ANYWHERE]) + _rules(EPHEMERAL, inside),
    )


def app_acl(vpc: IPv4Network) -> Acl:
    """The VPC reaches the tasks and endpoints; tasks reach the endpoints, S3 and the database."""
    return Acl(
        ingress=_rules(HTTPS, [vpc]) + _rules(EPHEMERAL, [ANYWHERE]),
        egress=_rules(HTTPS, [ANYWHERE]) + _rules(POSTGRESQL, [vpc]) + _rules(EPHEMERAL, [vpc]),
    )


def data_acl(tasks: Iterable[IPv4Network]) -> Acl:
    """Tasks reach the database, and nothing else does."""
    peers = tuple(tasks)
    return Acl(ingress=_rules(POSTGRESQL, peers), egress=_rules(EPHEMERAL, peers))
