"""Security groups and network ACLs: who may come in, and to which ports."""

from __future__ import annotations

from collections.abc import Iterator

from hipaa import types
from hipaa.links import both
from hipaa.model import UNKNOWN, Finding, Resource, Settings, Undecided, Violation
from hipaa.rule import rule
from hipaa.traffic import ALL, acl_ingress, ingress

GROUPS = (types.SECURITY_GROUP_INGRESS_RULE, types.SECURITY_GROUP, types.SECURITY_GROUP_RULE)


def _ports(*numbers: int) -> dict[str, object]:
    return {"type": "array", "items": {"type": "integer"}, "default": list(numbers)}


@rule("NET-03", *GROUPS)
def no_open_ssh(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """Nobody reaches SSH from the internet; a rule without ports is one for all ports."""
    yield from _closed(resource, [22])


@rule("NET-04", *GROUPS, schema={"ports": _ports(20, 21, 3306, 3309, 3389, 4333)})
def no_open_common_ports(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Ports that attackers try first are closed to the internet, IPv4 and IPv6, and no rule admits all protocols."""
    yield from _closed(resource, settings["ports"])
    for traffic in ingress(resource):
        if traffic.protocol is UNKNOWN:
            yield Undecided(path=traffic.path)
        elif traffic.protocol == ALL:
            yield Violation(message="it lets in all protocols on all ports", path=traffic.path)


@rule("NET-05", *GROUPS, schema={"ports": _ports(443)})
def open_on_authorised_ports_only(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The internet reaches authorised ports alone; where every balancer is internal, `ports` should be empty."""
    for traffic in ingress(resource):
        authorised = traffic.only(settings["ports"])
        broken = both(traffic.from_internet(), None if authorised is None else not authorised)
        if broken is None:
            yield Undecided(path=traffic.path)
        elif broken:
            yield Violation(message="the internet reaches more than the authorised ports", path=traffic.open_at())


@rule("NET-10", types.NETWORK_ACL_RULE, types.NETWORK_ACL, types.DEFAULT_NETWORK_ACL)
def acls_do_not_admit_everything(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No network ACL lets the internet in on all ports. A rule is for what comes in unless `egress` says otherwise;
    absent rules let nothing in.
    """
    for traffic in acl_ingress(resource):
        broken = both(traffic.from_internet(), traffic.reaches(1, 65535))
        if broken is None:
            yield Undecided(path=traffic.path)
        elif broken:
            yield Violation(message="the internet may send to every port of these subnets", path=traffic.open_at())


@rule("NET-12", types.SECURITY_GROUP_INGRESS_RULE, types.SECURITY_GROUP_EGRESS_RULE, types.SECURITY_GROUP_RULE)
def rules_described(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """Each rule says what it is for."""
    found = resource.get("description")
    blank = isinstance(found, str) and not found.strip()
    if blank:
        yield Violation(message="nothing says what this rule is for", path="description")
    else:
        yield from resource.is_set("description", "nothing says what this rule is for")


def _closed(resource: Resource, ports: list[int]) -> Iterator[Finding]:
    for traffic in ingress(resource):
        answers = {port: both(traffic.from_internet(), traffic.reaches(port, port)) for port in ports}
        reached = [str(int(port)) for port, answer in answers.items() if answer]
        if reached:
            message = f"the internet reaches port {', '.join(reached)}"
            yield Violation(message=message, path=traffic.open_at())
        elif None in answers.values():
            yield Undecided(path=traffic.path)
