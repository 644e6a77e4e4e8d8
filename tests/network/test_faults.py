"""Seeded faults: each breaks the network of a plan in one place, and the findings name what it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ops.plan import Plan
from ops.plan.configuration import load_settings
from tests.network.findings import findings
from tests.planned import plan
from tests.stack_files import FIXTURES
from tests.unit.contracts.edit import copy_resource, edit_named, with_inputs, without

Edit = Callable[[Plan], Plan]
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Fault:
    """A change of a stack's plan, and a part of the finding that it causes."""

    edit: Edit
    finding: str
    stack: str = "prod"


def remove(name: str, kind: str | None = None) -> Edit:
    return lambda known: without(known, known.resource(kind, name=name))


def edit_load_balancer(name: str, **inputs: Any) -> Edit:
    return lambda known: with_inputs(known, known.resource("aws:lb/loadBalancer:LoadBalancer", name=name), **inputs)


def token(known: Plan, name: str) -> str:
    (resource,) = [each for each in known.resources if each.name == name and each.custom]
    return f"${{{resource.urn}.id}}"


def add(name: str, **inputs: Any) -> Edit:
    """One more resource like that of the name; an input that names a resource becomes a reference to it."""

    def edit(known: Plan) -> Plan:
        names = {each.name for each in known.resources}
        values = {key: token(known, value) if value in names else value for key, value in inputs.items()}
        return copy_resource(known, name, **values)

    return edit


def entries(acl: str, direction: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Edit:
    """Changes each entry of an ACL; None removes it."""

    def edit(known: Plan) -> Plan:
        changed = [change(dict(entry)) for entry in known.resource(name=acl).inputs[direction]]
        return edit_named(acl, **{direction: [entry for entry in changed if entry]})(known)

    return edit


def without_ports(first: int) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    return lambda entry: None if entry["fromPort"] == first else entry


def narrower(entry: dict[str, Any]) -> dict[str, Any]:
    """Only the ephemeral ports of Linux."""
    return entry | {"fromPort": 32768, "toPort": 60999} if entry["fromPort"] == 1024 else entry


def denied_first(port: int) -> Callable[[Plan], Plan]:
    rule = {"ruleNo": 1, "action": "deny", "protocol": "-1", "cidrBlock": "10.30.5.0/24", "fromPort": 0, "toPort": 0}
    return lambda known: edit_named(
        "network-data-acl", ingress=[rule, *known.resource(name="network-data-acl").inputs["ingress"]]
    )(known)


def open_acl(acl: str) -> Edit:
    everything = {"ruleNo": 1, "action": "allow", "protocol": "-1", "cidrBlock": ANYWHERE, "fromPort": 0, "toPort": 0}
    return edit_named(acl, ingress=[everything], egress=[everything])


FAULTS = {
    "no rule from nginx to Orthanc": Fault(
        remove("app-from-web-ingress"), "'web', target='app', port=8042) is blocked"
    ),
    "no egress rule to the database": Fault(remove("app-database-egress"), "blocked by app-tasks: no egress rule"),
    "no rule for the rotation": Fault(remove("rotation-database-ingress"), "'rotation', target='database'"),
    "no rule to S3": Fault(remove("app-s3-egress"), "'app', target='s3', port=443) is blocked"),
    "no rule for the health check": Fault(remove("app-dicom-https-egress"), "'nlb', target='app', port=8042"),
    "no rule for a center": Fault(remove("edge-alb-clients-172.20.0.0-16"), "'center:main-campus', target='alb'"),
    "no rule for the sign-in": Fault(remove("edge-sign-in-egress"), "'alb', target='internet', port=443) is blocked"),
    "no rule for VPN sessions": Fault(remove("client-vpn-to-443-ingress"), "'client-vpn', target='alb', port=443"),
    "a wrong port at the database": Fault(
        edit_named("app-database-ingress", fromPort=3306, toPort=3306), "'app', target='database', port=5432"
    ),
    "a wrong port at the web tier": Fault(
        edit_named("web-https-https-egress", fromPort=8042, toPort=8042), "'alb', target='web', port=8443"
    ),
    "a listener on another port": Fault(edit_named("edge-https", port=8443), "does not listen"),
    "a rule with the groups swapped": Fault(
        lambda known: edit_named(
            "app-from-web-ingress",
            securityGroupId=token(known, "web-tasks"),
            referencedSecurityGroupId=token(known, "app-tasks"),
        )(known),
        "'web', target='app', port=8042",
    ),
    "an ACL without ephemeral ports for responses": Fault(
        entries("network-edge-acl", "egress", without_ports(1024)), "TCP 1024-65535 to 172.20"
    ),
    "an ACL that lets only Linux' ports return": Fault(
        entries("network-app-acl", "ingress", narrower), "ingress TCP 1024-32767"
    ),
    "a database ACL without responses": Fault(
        edit_named("network-data-acl", egress=[]), "'app', target='database', port=5432) is blocked"
    ),
    "an ACL that denies one zone": Fault(denied_first(5432), "entry 1 denies it"),
    "an ACL without the NAT gateway's responses": Fault(
        entries("egress-acl", "ingress", without_ports(1024)), "blocked by egress-acl"
    ),
    "no ACL around the database": Fault(open_acl("network-data-acl"), "is not refused by acl"),
    "no propagated routes to the centers": Fault(remove("vpn-edge-routes"), "not to vpn-gateway (return"),
    "no route to the NAT gateway": Fault(remove("egress-edge"), "'alb', target='internet', port=443) is blocked"),
    "no route behind the NAT gateway": Fault(
        remove("egress-internet", "aws:ec2/route:Route"), "blocked by egress-routes"
    ),
    "a NAT gateway without an address": Fault(edit_named("egress-nat", allocationId=None), "no public address"),
    "an edge subnet with another table": Fault(
        lambda known: edit_named("network-edge-b-routes", routeTableId=token(known, "network-data-routes"))(known),
        "blocked by network-data-routes",
    ),
    "no S3 endpoint in the app table": Fault(edit_named("network-s3", routeTableIds=[]), "'app', target='s3'"),
    "no VPN connection": Fault(remove("vpn-main-campus"), "the plan has no VPN connection"),
    "a route of the tasks to the internet": Fault(
        add("egress-edge", routeTableId="network-app-routes"), "target='internet', port=443) is not refused by route"
    ),
    "a route of the database to the internet": Fault(
        add("egress-edge", routeTableId="network-data-routes"), "'database', target='internet'"
    ),
    "the database open to everyone": Fault(
        add("app-database-ingress", cidrIpv4=ANYWHERE, referencedSecurityGroupId=None),
        "'internet', target='database', port=5432) is not refused by target group",
    ),
    "the database open to half of the internet": Fault(
        add("app-database-ingress", cidrIpv4="128.0.0.0/1", referencedSecurityGroupId=None),
        "'network:128.0.0.0/1', target='database', port=5432) is not refused by target group",
    ),
    "nginx may reach the database": Fault(
        add("app-database-egress", securityGroupId="web-tasks"),
        "'web', target='database', port=5432) is not refused by source group",
    ),
    "the database may reach the tasks": Fault(
        add("app-database-egress", securityGroupId="database-access", referencedSecurityGroupId="app-tasks"),
        "'database', target='app', port=5432) is not refused by source group",
    ),
    "the tasks may reach any address": Fault(
        add("app-database-egress", cidrIpv4=ANYWHERE, referencedSecurityGroupId=None, ipProtocol="-1"),
        "'app', target='internet', port=1) is not refused by source group",
    ),
    "a wider range of ports": Fault(edit_named("app-from-web-ingress", toPort=9000), "port=8043) is not refused"),
    "sessions authorized for no zone": Fault(
        lambda known: without(
            known,
            *[
                each
                for each in known.resources
                if each.name.startswith("client-vpn-") and "targetNetworkCidr" in each.inputs
            ],
        ),
        "no authorization rule",
    ),
    "endpoints in the subnets of the database": Fault(
        lambda known: edit_named(
            "network-secretsmanager", subnetIds=known.resource(name="database-subnets").inputs["subnetIds"]
        )(known),
        "'rotation', target='endpoint:secretsmanager', port=443) is blocked",
    ),
    "a load balancer in the app subnets": Fault(
        lambda known: edit_load_balancer("edge-alb", subnets=[token(known, "network-app-a")])(known),
        "'center:main-campus', target='alb', port=443) is blocked",
    ),
    "a public store that is internal": Fault(edit_load_balancer("edge-alb", internal=True), "no public address", "dev"),
    "a public store without a gateway": Fault(remove("network-edge-internet"), "no route to 203.0.113", "dev"),
    "a public store open to everyone": Fault(
        add("edge-alb-clients-203.0.113.0-24", cidrIpv4=ANYWHERE), "is not refused by target group", "dev"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_noticed(name: str):
    fault = FAULTS[name]
    settings = load_settings(fault.stack, folder=FIXTURES)
    assert any(fault.finding in text for text in findings(fault.edit(plan(fault.stack)), settings))
