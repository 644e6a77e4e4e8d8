"""Each rule, ACL entry and route is needed by a claimed connection, but for those that are listed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.plan import Plan
from ops.plan.configuration import load_settings, stacks
from tests.network.findings import blocked, read
from tests.planned import plan
from tests.stack_files import FIXTURES
from tests.unit.contracts.edit import with_inputs, without

RULES = (
    "aws:vpc/securityGroup",
    "aws:ec2/route:",
    "aws:ec2/vpnGatewayRoutePropagation:",
)
ACL = "aws:ec2/networkAcl:NetworkAcl"

UNNEEDED = {
    "network-api-": "the endpoints admit the groups of tasks and functions as well",
    "web-aws-apis-ingress": "the endpoints admit the app subnets as well",
    "app-aws-apis-ingress": "the endpoints admit the app subnets as well",
    "rotation-aws-apis-ingress": "the endpoints admit the app subnets as well",
    "client-vpn-to-104-": "no document claims that people send DICOM",
    "network-edge-acl ingress 10.30.0.0/20:104": "sessions of the client VPN to port 104",
    "network-edge-acl egress 10.30.0.0/20:104": "sessions of the client VPN to port 104",
    "network-edge-acl ingress 10.20.0.0/20:104": "a public store has no DICOM listener",
    "network-edge-acl egress 10.20.0.0/20:104": "a public store has no DICOM listener",
    "network-edge-acl ingress 203.0.113.0/24:104": "a public store has no DICOM listener",
    "network-edge-acl ingress 10.20.0.0/20:443": "a public store has no client VPN",
    "network-edge-acl egress 10.20.0.0/20:443": "a public store without sign-in opens no HTTPS connection",
    "network-edge-acl ingress 0.0.0.0/0:0": "ICMP, for path MTU discovery; the model sends TCP",
    "network-edge-acl egress 0.0.0.0/0:0": "ICMP, for path MTU discovery; the model sends TCP",
    "network-app-acl ingress 10.20.4.0/24:443": "the endpoints are in this subnet, and an ACL filters only between subnets",
    "network-app-acl egress 10.20.8.0/24:5432": "the entry for ephemeral ports includes 5432",
    "network-app-acl egress 10.20.9.0/24:5432": "the entry for ephemeral ports includes 5432",
    "network-app-acl egress 10.30.8.0/24:5432": "the entry for ephemeral ports includes 5432",
    "network-app-acl egress 10.30.9.0/24:5432": "the entry for ephemeral ports includes 5432",
}
"""Beginnings of names, and why no claimed connection needs the rule."""


def reduced(known: Plan) -> Iterator[tuple[str, Plan]]:
    """The plan without one rule, entry or route, by what was taken out."""
    for resource in known.resources:
        if resource.type.startswith(RULES):
            yield resource.name, without(known, resource)
        if resource.type == ACL:
            for direction in ("ingress", "egress"):
                for entry in resource.inputs[direction]:
                    rest = [other for other in resource.inputs[direction] if other is not entry]
                    name = f"{resource.name} {direction} {entry['cidrBlock']}:{entry['fromPort']}"
                    yield name, with_inputs(known, resource, **{direction: rest})


@pytest.mark.parametrize("stack", stacks(FIXTURES))
def test_every_rule_is_needed(stack: str):
    settings = load_settings(stack, folder=FIXTURES)
    unneeded = [name for name, rest in reduced(plan(stack)) if not any(blocked(read(rest, settings), settings))]
    assert [name for name in unneeded if not name.startswith(tuple(UNNEEDED))] == []
