"""Cases of the rules for security groups and network ACLs."""

from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

ANY4, ANY6 = "0.0.0.0/0", "::/0"
GROUP = resource(types.SECURITY_GROUP, "bare", description="Nothing yet")


def rule(first: Any, last: Any, protocol: Any = "tcp", **properties: Any) -> tuple[Resource]:
    """A separate ingress rule."""
    ports: dict[str, Any] = {"fromPort": first, "toPort": last, "ipProtocol": protocol}
    return (resource(types.SECURITY_GROUP_INGRESS_RULE, **ports, **properties),)


def inline_rule(first: Any, last: Any, protocol: Any = "tcp", **properties: Any) -> tuple[Resource]:
    """A group with an inline rule after a harmless one."""
    harmless: dict[str, Any] = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    entry: dict[str, Any] = {"protocol": protocol, "fromPort": first, "toPort": last, **properties}
    return (resource(types.SECURITY_GROUP, ingress=[harmless, entry]),)


def legacy_rule(
    first: Any, last: Any, protocol: Any = "tcp", kind: str = "ingress", **properties: Any
) -> tuple[Resource]:
    """A separate rule of the older type."""
    ports: dict[str, Any] = {"fromPort": first, "toPort": last, "protocol": protocol, "type": kind}
    return (resource(types.SECURITY_GROUP_RULE, **ports, **properties),)


def acl(
    first: Any, last: Any, protocol: Any = "tcp", kind: str = types.NETWORK_ACL, **properties: Any
) -> tuple[Resource]:
    """An ACL with one inline rule."""
    entry: dict[str, Any] = {"action": "allow", "fromPort": first, "toPort": last, "protocol": protocol, **properties}
    return (resource(kind, ingress=[entry]),)


def acl_rule(first: Any, last: Any, protocol: Any = "tcp", **properties: Any) -> tuple[Resource]:
    """A separate ACL rule."""
    entry: dict[str, Any] = {
        "ruleAction": "allow",
        "fromPort": first,
        "toPort": last,
        "protocol": protocol,
        **properties,
    }
    return (resource(types.NETWORK_ACL_RULE, **entry),)


def closed_rules(port: int) -> tuple[tuple[Resource], ...]:
    """Rules that do not open a port to the internet."""
    return (
        rule(port, port, cidrIpv4="10.0.0.0/8"),
        rule(port, port, referencedSecurityGroupId=UNKNOWN),
        rule(port + 1, port + 1, cidrIpv4=ANY4),
        rule(443, 443, cidrIpv4=ANY4),
        rule(port, -1, "icmp", cidrIpv4=ANY4),
        inline_rule(port, port, cidrBlocks=["192.0.2.0/24"], ipv6CidrBlocks=["2001:db8::/32"]),
        inline_rule(port, port, securityGroups=["sg-0a"], cidrBlocks=[]),
        legacy_rule(port, port, cidrBlocks=["10.0.0.0/8"]),
        legacy_rule(0, 65535, "-1", kind="egress", cidrBlocks=[ANY4]),
        (
            resource(
                types.SECURITY_GROUP, egress=[{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": [ANY4]}]
            ),
        ),
    )


def open_rules(port: int) -> tuple[tuple[Resource], ...]:
    """Rules that open a port to the internet, in every spelling."""
    return (
        rule(port, port, cidrIpv4=ANY4),
        rule(float(port), float(port), cidrIpv6=ANY6),
        rule(str(port), str(port), "6", cidrIpv4=ANY4),
        rule(port - 5, port + 5, 6.0, cidrIpv6="0::/0"),
        rule(0, 65535, "TCP", cidrIpv4="10.1.2.3/0"),
        inline_rule(port, port, cidrBlocks=["10.0.0.0/8", ANY4]),
        inline_rule(port, port, ipv6CidrBlocks=[ANY6]),
        inline_rule(0, 0, "-1", cidrBlocks=[ANY4]),
        inline_rule(0, 0, -1.0, cidrBlocks=ANY4),
        legacy_rule(port, port, cidrBlocks=[ANY4]),
        legacy_rule(0, 65535, "all", ipv6CidrBlocks=[ANY6]),
        (resource(types.SECURITY_GROUP, ingress={"protocol": "-1", "cidrBlocks": [ANY4]}),),
    )


CASES = {
    "NET-03": Cases(
        passes=closed_rules(22),
        fails=open_rules(22),
        absent=(resource(types.SECURITY_GROUP_INGRESS_RULE, ipProtocol="tcp", cidrIpv4=ANY4),),
        unknown=rule(22, 22, cidrIpv4=UNKNOWN),
        other=(resource(types.SECURITY_GROUP_EGRESS_RULE, ipProtocol="-1", cidrIpv4=ANY4), GROUP),
    ),
    "NET-04": Cases(
        passes=closed_rules(3389),
        fails=(
            *open_rules(3389),
            *(rule(port, port, cidrIpv4=ANY4) for port in (20, 21, 3306, 3309, 4333)),
            (resource(types.SECURITY_GROUP_INGRESS_RULE, ipProtocol="-1", cidrIpv4="10.0.0.0/8"),),
            (resource(types.SECURITY_GROUP_INGRESS_RULE, ipProtocol=-1.0, referencedSecurityGroupId=UNKNOWN),),
            inline_rule(0, 0, "-1", self=True),
        ),
        absent=(resource(types.SECURITY_GROUP_INGRESS_RULE, cidrIpv4="10.0.0.0/8"),),
        unknown=inline_rule(3306, 3306, cidrBlocks=[UNKNOWN]),
        other=(resource(types.SECURITY_GROUP_EGRESS_RULE, ipProtocol="-1", cidrIpv4=ANY4), GROUP),
    ),
    "NET-05": Cases(
        passes=(
            rule(443, 443, cidrIpv4=ANY4),
            rule(443.0, "443", "6", cidrIpv6=ANY6),
            inline_rule(443, 443, cidrBlocks=[ANY4]),
            rule(8042, 8042, cidrIpv4="10.0.0.0/8"),
            rule(0, 65535, "-1", referencedSecurityGroupId="sg-0a"),
            legacy_rule(0, 0, "-1", kind="egress", cidrBlocks=[ANY4]),
        ),
        fails=(
            rule(80, 80, cidrIpv4=ANY4),
            rule(443, 444, cidrIpv4=ANY4),
            rule(8080, 8080, cidrIpv6=ANY6),
            (resource(types.SECURITY_GROUP_INGRESS_RULE, ipProtocol="-1", cidrIpv4=ANY4),),
            rule(8, -1, "icmp", cidrIpv4=ANY4),
            inline_rule(104, 104, cidrBlocks=[ANY4]),
            legacy_rule(80, 80, cidrBlocks=[ANY4]),
        ),
        absent=(resource(types.SECURITY_GROUP_INGRESS_RULE, ipProtocol="tcp", cidrIpv4=ANY4),),
        unknown=rule(80, 80, cidrIpv4=UNKNOWN),
        other=(resource(types.SECURITY_GROUP_EGRESS_RULE, ipProtocol="-1", cidrIpv4=ANY4), GROUP),
    ),
    "NET-10": Cases(
        passes=(
            acl(1024, 65535, cidrBlock=ANY4),
            acl(443, 443, cidrBlock=ANY4),
            acl(0, 65535, cidrBlock="10.0.0.0/8"),
            acl(0, 0, "-1", cidrBlock=ANY4, action="deny"),
            acl_rule(0, 0, "-1", cidrBlock=ANY4, egress=True),
            acl_rule(0, 0, "-1", cidrBlock=ANY4, ruleAction="deny"),
            (resource(types.DEFAULT_NETWORK_ACL, egress=[{"action": "allow", "protocol": -1, "cidrBlock": ANY4}]),),
            (resource(types.NETWORK_ACL),),
        ),
        fails=(
            acl(0, 65535, cidrBlock=ANY4),
            acl(0, 0, "-1", cidrBlock=ANY4),
            acl(0, 0, -1.0, cidrBlock=ANY4, action="ALLOW"),
            acl("0", "65535", "17", cidrBlock=ANY4),
            acl(0, 0, "-1", cidrBlock="", ipv6CidrBlock=ANY6),
            acl(0, 0, "-1", kind=types.DEFAULT_NETWORK_ACL, cidrBlock=ANY4),
            acl_rule(0, 65535, cidrBlock=ANY4),
            acl_rule(0, 0, "all", cidrBlock=ANY4, egress=False),
        ),
        absent=(resource(types.NETWORK_ACL_RULE, ruleAction="allow", protocol="tcp", cidrBlock=ANY4),),
        unknown=acl_rule(0, 65535, cidrBlock=UNKNOWN),
        other=(GROUP,),
    ),
    "NET-12": Cases(
        passes=(
            rule(443, 443, cidrIpv4=ANY4, description="Clients"),
            (resource(types.SECURITY_GROUP_EGRESS_RULE, description="Tasks to the database"),),
            legacy_rule(443, 443, cidrBlocks=[ANY4], description="Clients"),
        ),
        fails=(
            rule(443, 443, cidrIpv4=ANY4, description=""),
            rule(443, 443, cidrIpv4=ANY4, description="  "),
            (resource(types.SECURITY_GROUP_EGRESS_RULE, ipProtocol="-1"),),
            legacy_rule(443, 443, cidrBlocks=[ANY4]),
        ),
        absent=rule(443, 443, cidrIpv4=ANY4),
        unknown=rule(443, 443, cidrIpv4=ANY4, description=UNKNOWN),
        other=(GROUP,),
    ),
}
