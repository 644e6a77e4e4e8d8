"""Ingress rules of security groups and network ACLs in every spelling: sources, protocol and ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Resource, elements, value_at
from hipaa.reading.links import Answer, any_of
from hipaa.reading.values import number

ALL_PORTS = (0, 65535)
ALL_PROTOCOLS = "-1"
PROTOCOL_NUMBERS = {"all": ALL_PROTOCOLS, "icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}
PROTOCOLS_WITH_PORTS = ("6", "17")


def protocol(value: Any) -> Any:
    """A protocol's number as text, `ALL_PROTOCOLS` if absent, or UNKNOWN."""
    if value is UNKNOWN:
        return UNKNOWN
    given = number(value)
    name = ALL_PROTOCOLS if value is ABSENT else str(value).lower() if given is None else f"{given:.0f}"
    return PROTOCOL_NUMBERS.get(name, name)


def is_internet(block: Any) -> Answer:
    """Whether a CIDR block is all of IPv4 or IPv6, in any spelling; None if it is unknown."""
    if block is UNKNOWN:
        return None
    try:
        return ip_network(str(block), strict=False).prefixlen == 0
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The traffic that one rule allows: source CIDR blocks with their paths, protocol, and ports `first` to `last`."""

    path: str
    protocol: Any
    first: Any
    last: Any
    blocks: tuple[tuple[str, Any], ...]

    def is_from_internet(self) -> Answer:
        """Whether a source is the whole internet."""
        return any_of(is_internet(block) for _, block in self.blocks)

    def open_path(self) -> str:
        """Path of the block that allows the internet, or of the rule if none does."""
        return next((path for path, block in self.blocks if is_internet(block)), self.path)

    def reaches(self, first: float, last: float) -> Answer:
        """Whether the ports include `first` to `last`. A rule for all protocols reaches every port; a protocol without
        ports reaches none.
        """
        if self.protocol is UNKNOWN:
            return None
        if self.protocol == ALL_PROTOCOLS:
            return True
        if self.protocol not in PROTOCOLS_WITH_PORTS:
            return False
        if UNKNOWN in (self.first, self.last):
            return None
        start, end = number(self.first), number(self.last)
        whole = start is None or end is None or start < 0 or end < 0
        low, high = ALL_PORTS if whole else (start, end)
        return (low or 0) <= first and last <= (high or 0)

    def is_limited_to(self, ports: Sequence[Any]) -> Answer:
        """Whether it allows exactly one port, and that port is one of `ports`."""
        if self.protocol is UNKNOWN:
            return None
        if self.protocol not in PROTOCOLS_WITH_PORTS:
            return False
        if UNKNOWN in (self.first, self.last):
            return None
        return number(self.first) == number(self.last) and number(self.first) in [number(port) for port in ports]


def ingress(resource: Resource) -> Iterator[Traffic]:
    """The ingress that a security group, or a separate rule of either type, allows."""
    if resource.type == types.SECURITY_GROUP_INGRESS_RULE:
        yield _traffic(resource.properties, "", "ipProtocol", ("cidrIpv4", "cidrIpv6"))
    elif resource.type == types.SECURITY_GROUP_RULE:
        if resource.get("type") in ("ingress", UNKNOWN):
            yield _traffic(resource.properties, "", "protocol", ("cidrBlocks", "ipv6CidrBlocks"))
    else:
        for path, entry in resource.elements("ingress"):
            yield _traffic(entry, path, "protocol", ("cidrBlocks", "ipv6CidrBlocks"))


def acl_ingress(resource: Resource) -> Iterator[Traffic]:
    """The ingress that a network ACL, or a separate ACL rule, allows."""
    if resource.type == types.NETWORK_ACL_RULE:
        if resource.get("egress") is not True and _allows(resource.get("ruleAction")):
            yield _traffic(resource.properties, "", "protocol", ("cidrBlock", "ipv6CidrBlock"))
    else:
        for path, entry in resource.elements("ingress"):
            if _allows(value_at(entry, "action")):
                yield _traffic(entry, path, "protocol", ("cidrBlock", "ipv6CidrBlock"))


def _allows(action: Any) -> bool:
    return action is UNKNOWN or str(action).lower() == "allow"


def _traffic(entry: Any, path: str, kind: str, properties: tuple[str, ...]) -> Traffic:
    prefix = f"{path}." if path else ""
    blocks: list[tuple[str, Any]] = []
    for name in properties:
        found = value_at(entry, name)
        if isinstance(found, str) and found:
            blocks.append((f"{prefix}{name}", found))
        blocks += [(f"{prefix}{position}", block) for position, block in elements(entry, name)]
    return Traffic(
        path=path or kind,
        protocol=protocol(value_at(entry, kind)),
        first=value_at(entry, "fromPort"),
        last=value_at(entry, "toPort"),
        blocks=tuple(blocks),
    )
