"""What security groups and network ACLs let in, however a program spells it: from where, by what, to which ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from hipaa import types
from hipaa.links import Answer, either
from hipaa.model import ABSENT, UNKNOWN, Resource, each, look
from hipaa.values import number

PORTS = (0, 65535)
ALL = "-1"
NUMBERS = {"all": ALL, "icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}
WITH_PORTS = ("6", "17")


def protocol(value: Any) -> Any:
    """A protocol by its number as text; `ALL` if none is given; unknown stays unknown."""
    if value is UNKNOWN:
        return UNKNOWN
    given = number(value)
    name = ALL if value is ABSENT else str(value).lower() if given is None else f"{given:.0f}"
    return NUMBERS.get(name, name)


def is_internet(block: Any) -> Answer:
    """Whether a block of addresses is all of IPv4 or IPv6, in any spelling; None for an unknown one."""
    if block is UNKNOWN:
        return None
    try:
        return ip_network(str(block), strict=False).prefixlen == 0
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What one rule lets in: `blocks` with their paths, and ports `first` to `last` of a protocol."""

    path: str
    protocol: Any
    first: Any
    last: Any
    blocks: tuple[tuple[str, Any], ...]

    def from_internet(self) -> Answer:
        """Whether all of the internet is let in."""
        return either(is_internet(block) for _, block in self.blocks)

    def open_at(self) -> str:
        """Path of the block that lets the internet in, or else of the rule."""
        return next((path for path, block in self.blocks if is_internet(block)), self.path)

    def reaches(self, first: float, last: float) -> Answer:
        """Whether the ports include `first` to `last`; all protocols reach every port, one without ports none."""
        if self.protocol is UNKNOWN:
            return None
        if self.protocol == ALL:
            return True
        if self.protocol not in WITH_PORTS:
            return False
        if UNKNOWN in (self.first, self.last):
            return None
        start, end = number(self.first), number(self.last)
        whole = start is None or end is None or start < 0 or end < 0
        low, high = PORTS if whole else (start, end)
        return (low or 0) <= first and last <= (high or 0)

    def only(self, ports: Sequence[Any]) -> Answer:
        """Whether it reaches one port alone, and that is one of `ports`."""
        if self.protocol is UNKNOWN:
            return None
        if self.protocol not in WITH_PORTS:
            return False
        if UNKNOWN in (self.first, self.last):
            return None
        return number(self.first) == number(self.last) and number(self.first) in [number(port) for port in ports]


def ingress(resource: Resource) -> Iterator[Traffic]:
    """What a security group, or a rule of one in either spelling, lets in."""
    if resource.type == types.SECURITY_GROUP_INGRESS_RULE:
        yield _traffic(resource.properties, "", "ipProtocol", ("cidrIpv4", "cidrIpv6"))
    elif resource.type == types.SECURITY_GROUP_RULE:
        if resource.get("type") in ("ingress", UNKNOWN):
            yield _traffic(resource.properties, "", "protocol", ("cidrBlocks", "ipv6CidrBlocks"))
    else:
        for path, entry in resource.each("ingress"):
            yield _traffic(entry, path, "protocol", ("cidrBlocks", "ipv6CidrBlocks"))


def acl_ingress(resource: Resource) -> Iterator[Traffic]:
    """What a network ACL, or a rule of one, lets in."""
    if resource.type == types.NETWORK_ACL_RULE:
        if resource.get("egress") is not True and _allows(resource.get("ruleAction")):
            yield _traffic(resource.properties, "", "protocol", ("cidrBlock", "ipv6CidrBlock"))
    else:
        for path, entry in resource.each("ingress"):
            if _allows(look(entry, "action")):
                yield _traffic(entry, path, "protocol", ("cidrBlock", "ipv6CidrBlock"))


def _allows(action: Any) -> bool:
    return action is UNKNOWN or str(action).lower() == "allow"


def _traffic(entry: Any, path: str, kind: str, properties: tuple[str, ...]) -> Traffic:
    prefix = f"{path}." if path else ""
    blocks: list[tuple[str, Any]] = []
    for name in properties:
        found = look(entry, name)
        if isinstance(found, str) and found:
            blocks.append((f"{prefix}{name}", found))
        blocks += [(f"{prefix}{position}", block) for position, block in each(entry, name)]
    return Traffic(
        path=path or kind,
        protocol=protocol(look(entry, kind)),
        first=look(entry, "fromPort"),
        last=look(entry, "toPort"),
        blocks=tuple(blocks),
    )
