"""Our own network, broken once for each rule: the stack, the edit, and the rules that must notice."""

from __future__ import annotations

from collections.abc import Callable

from hipaa.types import ROUTE
from ops.plan import Plan
from tests.unit.contracts.edit import copied, named, nested, without

INTERNET = "0.0.0.0/0"
INTERNAL = "web-https-https-ingress"

NOT_OURS: dict[str, str] = {}


def drop(name: str) -> Callable[[Plan], Plan]:
    """Leaves one resource out."""
    return lambda plan: without(plan, plan.resource(name=name))


def open_ports(first: int, last: int, protocol: str = "tcp") -> Callable[[Plan], Plan]:
    """A second rule beside one of ours, for the internet."""
    ports = {"fromPort": first, "toPort": last, "ipProtocol": protocol}
    return lambda plan: copied(plan, INTERNAL, referencedSecurityGroupId=None, cidrIpv4=INTERNET, **ports)


def with_inline_rule(name: str, **entry: object) -> Callable[[Plan], Plan]:
    """A rule within a group or an ACL of ours."""
    return named(name, ingress=[entry])


MUTATIONS: dict[str, tuple[str, Callable[[Plan], Plan], frozenset[str]]] = {
    "no flow log": ("prod", drop("network-flow-log"), frozenset({"NET-01"})),
    "a flow log of what was rejected": ("dev", named("network-flow-log", trafficType="REJECT"), frozenset({"NET-01"})),
    "the default group left as it was": ("prod", drop("network-default-group"), frozenset({"NET-02"})),
    "a default group that lets its members talk": (
        "dev",
        with_inline_rule("network-default-group", protocol="-1", fromPort=0, toPort=0, self=True),
        frozenset({"NET-02"}),
    ),
    "SSH for the internet": ("prod", open_ports(22, 22), frozenset({"NET-03", "NET-05"})),
    "MySQL for the internet": ("prod", open_ports(3306, 3306), frozenset({"NET-04", "NET-05"})),
    "all protocols among groups": (
        "prod",
        named(INTERNAL, ipProtocol="-1", fromPort=None, toPort=None),
        frozenset({"NET-04"}),
    ),
    "all protocols for the internet, within a group": (
        "dev",
        with_inline_rule("app-tasks", protocol="-1", fromPort=0, toPort=0, cidrBlocks=[INTERNET]),
        frozenset({"NET-03", "NET-04", "NET-05"}),
    ),
    "plain DICOM for the internet": (
        "dev",
        named("edge-alb-clients-203.0.113.0-24", cidrIpv4=INTERNET, fromPort=104, toPort=104),
        frozenset({"NET-05"}),
    ),
    "public addresses": ("dev", named("network-edge-a", mapPublicIpOnLaunch=True), frozenset({"NET-06"})),
    "the edge straight to the internet": (
        "prod",
        lambda plan: named(
            "egress-edge", natGatewayId=None, gatewayId=plan.resource(ROUTE, name="egress-internet").inputs["gatewayId"]
        )(plan),
        frozenset({"NET-07"}),
    ),
    "a default table with a way out": (
        "prod",
        named("network-default-routes", routes=[{"cidrBlock": INTERNET, "gatewayId": "igw-0aa11"}]),
        frozenset({"NET-07"}),
    ),
    "an ACL that lets everything in": (
        "prod",
        with_inline_rule(
            "network-data-acl", action="allow", ruleNo=1, protocol="-1", fromPort=0, toPort=0, cidrBlock=INTERNET
        ),
        frozenset({"NET-10"}),
    ),
    "a default ACL that lets everything in": (
        "dev",
        with_inline_rule(
            "network-default-acl", action="allow", ruleNo=1, protocol="-1", fromPort=0, toPort=0, cidrBlock=INTERNET
        ),
        frozenset({"NET-10"}),
    ),
    "no endpoint for S3": ("prod", drop("network-s3"), frozenset({"NET-11"})),
    "an endpoint of the wrong type": ("dev", named("network-logs", vpcEndpointType="Gateway"), frozenset({"NET-11"})),
    "a rule without a purpose": ("prod", named(INTERNAL, description=None), frozenset({"NET-12"})),
    "a second tunnel with SHA-1": (
        "prod",
        named("vpn-main-campus", tunnel2Phase2IntegrityAlgorithms=["SHA2-384", "SHA1"]),
        frozenset({"OWN-01"}),
    ),
    "a tunnel of any IKE version": ("prod", named("vpn-main-campus", tunnel1IkeVersions=None), frozenset({"OWN-01"})),
    "a tunnel without logs": ("prod", named("vpn-main-campus", tunnel2LogOptions=None), frozenset({"OWN-02"})),
    "a tunnel without BGP logs": (
        "prod",
        nested("vpn-main-campus", "tunnel1LogOptions.cloudwatchLogOptions.bgpLogEnabled", new=False),
        frozenset({"OWN-02"}),
    ),
    "sessions of a day": ("prod", named("client-vpn-endpoint", sessionTimeoutHours=24), frozenset({"OWN-03"})),
    "everybody to the balancers": (
        "prod",
        named("client-vpn-operators-a", accessGroupId=None, authorizeAllGroups=True),
        frozenset({"OWN-03"}),
    ),
}
