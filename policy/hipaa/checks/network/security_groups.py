"""Security groups and network ACLs: allowed sources and ports."""

from __future__ import annotations

from collections.abc import Iterator

from hipaa import types
from hipaa.model import UNKNOWN, Finding, Resource, Settings, Undecided, Violation
from hipaa.reading.links import Answer, all_of
from hipaa.reading.traffic import ALL_PROTOCOLS, Traffic, acl_ingress, ingress
from hipaa.rule import rule

GROUPS = (types.SECURITY_GROUP_INGRESS_RULE, types.SECURITY_GROUP, types.SECURITY_GROUP_RULE)


def _ports(*numbers: int) -> dict[str, object]:
    return {"type": "array", "items": {"type": "integer"}, "default": list(numbers)}


@rule("NET-03", *GROUPS)
def has_no_open_ssh(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """SSH is closed to the internet; a rule without ports covers all ports."""
    yield from _check_ports(resource, [22])


@rule("NET-04", *GROUPS, schema={"ports": _ports(20, 21, 3306, 3309, 3389, 4333)})
def has_no_open_common_ports(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Commonly attacked ports are closed to the internet, for IPv4 and IPv6, and no rule allows all protocols."""
    yield from _check_ports(resource, settings["ports"])
    for traffic in ingress(resource):
        if traffic.protocol is UNKNOWN:
            yield Undecided(path=traffic.path)
        elif traffic.protocol == ALL_PROTOCOLS:
            yield Violation(message="it allows all protocols on all ports", path=traffic.path)


@rule("NET-05", *GROUPS, schema={"ports": _ports(443)})
def opens_only_authorised_ports(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The internet reaches only authorised ports; set `ports` to an empty list if all load balancers are internal."""
    for traffic in ingress(resource):
        authorised = traffic.is_limited_to(settings["ports"])
        violated = all_of((traffic.is_from_internet(), None if authorised is None else not authorised))
        yield from _report(traffic, violated, "it allows the internet on ports that are not authorised")


@rule("NET-10", types.NETWORK_ACL_RULE, types.NETWORK_ACL, types.DEFAULT_NETWORK_ACL)
def acl_does_not_allow_all(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """No network ACL allows ingress from the internet on all ports. A rule is for ingress unless `egress` is true; no
    rules means no ingress.
    """
    for traffic in acl_ingress(resource):
        violated = all_of((traffic.is_from_internet(), traffic.reaches(1, 65535)))
        yield from _report(traffic, violated, "it allows the internet on all ports")


@rule("NET-12", types.SECURITY_GROUP_INGRESS_RULE, types.SECURITY_GROUP_EGRESS_RULE, types.SECURITY_GROUP_RULE)
def has_description(resource: Resource, _settings: Settings) -> Iterator[Finding]:
    """Each rule has a description."""
    found = resource.get("description")
    is_blank = isinstance(found, str) and not found.strip()
    if is_blank:
        yield Violation(message="the rule has no description", path="description")
    else:
        yield from resource.require_set("description", "the rule has no description")


def _report(traffic: Traffic, violated: Answer, message: str) -> Iterator[Finding]:
    if violated is None:
        yield Undecided(path=traffic.path)
    elif violated:
        yield Violation(message=message, path=traffic.open_path())


def _check_ports(resource: Resource, ports: list[int]) -> Iterator[Finding]:
    for traffic in ingress(resource):
        answers = {port: all_of((traffic.is_from_internet(), traffic.reaches(port, port))) for port in ports}
        reached = [str(int(port)) for port, answer in answers.items() if answer]
        if reached:
            message = f"it allows the internet on port {', '.join(reached)}"
            yield Violation(message=message, path=traffic.open_path())
        elif None in answers.values():
            yield Undecided(path=traffic.path)
