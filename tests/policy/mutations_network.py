"""Mutations of this project's own plans that violate the rules for networks."""

from __future__ import annotations

from hipaa.types import ROUTE
from tests.policy.mutations import Edit, Mutations, drop
from tests.unit.contracts.edit import copy_resource, edit_named, edit_nested

INTERNET = "0.0.0.0/0"
INTERNAL = "web-https-https-ingress"

NOT_OURS: dict[str, str] = {}


def open_ports(first: int, last: int, protocol: str = "tcp") -> Edit:
    """Adds an ingress rule for the internet."""
    ports = {"fromPort": first, "toPort": last, "ipProtocol": protocol}
    return lambda plan: copy_resource(plan, INTERNAL, referencedSecurityGroupId=None, cidrIpv4=INTERNET, **ports)


def with_inline_rule(name: str, **entry: object) -> Edit:
    """Replaces the inline ingress of a group or an ACL."""
    return edit_named(name, ingress=[entry])


MUTATIONS: Mutations = {
    "no flow log": ("prod", drop("network-flow-log"), frozenset({"NET-01"})),
    "a flow log of rejected traffic": (
        "dev",
        edit_named("network-flow-log", trafficType="REJECT"),
        frozenset({"NET-01"}),
    ),
    "an unmanaged default group": ("prod", drop("network-default-group"), frozenset({"NET-02"})),
    "a default group with an ingress rule": (
        "dev",
        with_inline_rule("network-default-group", protocol="-1", fromPort=0, toPort=0, self=True),
        frozenset({"NET-02"}),
    ),
    "SSH open to the internet": ("prod", open_ports(22, 22), frozenset({"NET-03", "NET-05"})),
    "MySQL open to the internet": ("prod", open_ports(3306, 3306), frozenset({"NET-04", "NET-05"})),
    "all protocols among groups": (
        "prod",
        edit_named(INTERNAL, ipProtocol="-1", fromPort=None, toPort=None),
        frozenset({"NET-04"}),
    ),
    "an inline rule for all protocols from the internet": (
        "dev",
        with_inline_rule("app-tasks", protocol="-1", fromPort=0, toPort=0, cidrBlocks=[INTERNET]),
        frozenset({"NET-03", "NET-04", "NET-05"}),
    ),
    "DICOM open to the internet": (
        "dev",
        edit_named("edge-alb-clients-203.0.113.0-24", cidrIpv4=INTERNET, fromPort=104, toPort=104),
        frozenset({"NET-05"}),
    ),
    "public IP addresses": ("dev", edit_named("network-edge-a", mapPublicIpOnLaunch=True), frozenset({"NET-06"})),
    "an edge route to the internet gateway": (
        "prod",
        lambda plan: edit_named(
            "egress-edge", natGatewayId=None, gatewayId=plan.resource(ROUTE, name="egress-internet").inputs["gatewayId"]
        )(plan),
        frozenset({"NET-07"}),
    ),
    "a default route table with an internet route": (
        "prod",
        edit_named("network-default-routes", routes=[{"cidrBlock": INTERNET, "gatewayId": "igw-0aa11"}]),
        frozenset({"NET-07"}),
    ),
    "an ACL that allows all ingress": (
        "prod",
        with_inline_rule(
            "network-data-acl", action="allow", ruleNo=1, protocol="-1", fromPort=0, toPort=0, cidrBlock=INTERNET
        ),
        frozenset({"NET-10"}),
    ),
    "a default ACL that allows all ingress": (
        "dev",
        with_inline_rule(
            "network-default-acl", action="allow", ruleNo=1, protocol="-1", fromPort=0, toPort=0, cidrBlock=INTERNET
        ),
        frozenset({"NET-10"}),
    ),
    "no endpoint for S3": ("prod", drop("network-s3"), frozenset({"NET-11"})),
    "an endpoint of the wrong type": (
        "dev",
        edit_named("network-logs", vpcEndpointType="Gateway"),
        frozenset({"NET-11"}),
    ),
    "a rule without a description": ("prod", edit_named(INTERNAL, description=None), frozenset({"NET-12"})),
    "a second tunnel with SHA-1": (
        "prod",
        edit_named("vpn-main-campus", tunnel2Phase2IntegrityAlgorithms=["SHA2-384", "SHA1"]),
        frozenset({"OWN-01"}),
    ),
    "a tunnel of any IKE version": (
        "prod",
        edit_named("vpn-main-campus", tunnel1IkeVersions=None),
        frozenset({"OWN-01"}),
    ),
    "a tunnel without logs": ("prod", edit_named("vpn-main-campus", tunnel2LogOptions=None), frozenset({"OWN-02"})),
    "a tunnel without BGP logs": (
        "prod",
        edit_nested("vpn-main-campus", "tunnel1LogOptions.cloudwatchLogOptions.bgpLogEnabled", new=False),
        frozenset({"OWN-02"}),
    ),
    "sessions of 24 hours": ("prod", edit_named("client-vpn-endpoint", sessionTimeoutHours=24), frozenset({"OWN-03"})),
    "load balancers open to all VPN users": (
        "prod",
        edit_named("client-vpn-operators-a", accessGroupId=None, authorizeAllGroups=True),
        frozenset({"OWN-03"}),
    ),
}
