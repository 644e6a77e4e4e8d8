"""Network ACLs as data: coarse, stateless rules around each subnet role; security groups restrict further.

ACLs are stateless, so responses need rules of their own on the ephemeral ports. An ACL cannot name the addresses of S3,
so the app subnets admit responses from anywhere: they have no route to the internet, only to the S3 endpoint.
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

FRAGMENTATION_NEEDED = (3, 4)
"""ICMP type and code by which any router on the path tells a sender of its MTU, which is small in a VPN tunnel.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html#path_mtu_discovery"""

MAX_PEERS = 8
"""AWS allows 20 entries a direction: each peer, and the VPC, needs one for HTTPS and one for DICOM.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-nacls"""

PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


@dataclass(frozen=True)
class AclRule:
    """Traffic that an ACL allows: TCP to `ports`, or with `icmp` that type and code."""

    ports: tuple[int, int]
    peer: IPv4Network
    icmp: tuple[int, int] | None = None


PATH_MTU = AclRule((0, 0), ANYWHERE, icmp=FRAGMENTATION_NEEDED)


@dataclass(frozen=True, kw_only=True)
class Acl:
    """Rules of one subnet role; other traffic is denied."""

    ingress: tuple[AclRule, ...]
    egress: tuple[AclRule, ...]


def _rules(ports: tuple[int, int], peers: Iterable[IPv4Network]) -> tuple[AclRule, ...]:
    return tuple(AclRule(ports, peer) for peer in peers)


def covering_cidrs(clients: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """The smallest networks that cover `clients`. If they are more than `MAX_PEERS`, private ones are widened to their
    RFC 1918 block: the ACL is coarse, and the security group still admits each network separately.
    """
    merged = tuple(collapse_addresses(clients))
    if len(merged) <= MAX_PEERS:
        return merged
    widened = (next((block for block in PRIVATE if one.subnet_of(block)), one) for one in merged)
    return tuple(collapse_addresses(widened))


def edge_acl(vpc: IPv4Network, clients: Iterable[IPv4Network], *, outbound: bool) -> Acl:
    """Clients, and client VPN sessions in the same subnets, reach the load balancers; load balancers reach the tasks
    and, with `outbound`, the HTTPS services of the sign-in.
    """
    peers = tuple(dict.fromkeys([*covering_cidrs(clients), vpc]))
    services = ANYWHERE if outbound else vpc
    return Acl(
        ingress=_rules(HTTPS, peers) + _rules(DICOM, peers) + _rules(EPHEMERAL, [services]) + (PATH_MTU,),
        egress=_rules(EPHEMERAL, peers) + _rules(DICOM, [vpc]) + _rules(HTTPS, [services]) + (PATH_MTU,),
    )


def egress_acl(edge: Iterable[IPv4Network]) -> Acl:
    """The edge subnets reach HTTPS services on the internet through the NAT gateway; only responses come in."""
    inside = tuple(edge)
    return Acl(
        ingress=_rules(HTTPS, inside) + _rules(EPHEMERAL, [ANYWHERE]),
        egress=_rules(HTTPS, [ANYWHERE]) + _rules(EPHEMERAL, inside),
    )


def app_acl(vpc: IPv4Network, *, tasks: Iterable[IPv4Network], data: Iterable[IPv4Network]) -> Acl:
    """Tasks reach the endpoints, S3 and the database; load balancers reach the tasks, on ports above 1024."""
    return Acl(
        ingress=_rules(HTTPS, tasks) + _rules(EPHEMERAL, [ANYWHERE]),
        egress=_rules(HTTPS, [ANYWHERE]) + _rules(POSTGRESQL, data) + _rules(EPHEMERAL, [vpc]),
    )


def data_acl(tasks: Iterable[IPv4Network]) -> Acl:
    """Only tasks reach the database."""
    peers = tuple(tasks)
    return Acl(ingress=_rules(POSTGRESQL, peers), egress=_rules(EPHEMERAL, peers))
