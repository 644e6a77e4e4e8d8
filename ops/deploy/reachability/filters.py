"""Reads what filters packets in a plan: network ACLs and security groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from ops.deploy.reachability.model import ALL_PORTS, Acl, AclEntry, Direction, Group, GroupRule, Ports
from ops.plan import Plan, PlannedResource

TCP = frozenset({"tcp", "6", "-1", "all"})
EVERY_PROTOCOL = frozenset({"-1", "all"})


def target(plan: Plan, value: Any) -> str:
    """The URN of the resource that `value` refers to, or else `value` itself."""
    found = plan.references(value)
    return found[0].urn if found else str(value or "")


def targets(plan: Plan, values: Any) -> list[str]:
    """`target` of each item of a list, which may be absent."""
    return [target(plan, value) for value in values or ()]


def read_acl(resource: PlannedResource) -> Acl:
    """A network ACL with its TCP entries."""
    return Acl(resource.name, {"ingress": _entries(resource, "ingress"), "egress": _entries(resource, "egress")})


def _entries(resource: PlannedResource, direction: Direction) -> tuple[AclEntry, ...]:
    found = [
        AclEntry(
            int(entry["ruleNo"]), entry["action"] == "allow", _ports(entry, "protocol"), IPv4Network(entry["cidrBlock"])
        )
        for entry in resource.inputs.get(direction, ())
        if str(entry["protocol"]) in TCP and entry.get("cidrBlock")
    ]
    return tuple(sorted(found))


def _ports(rule: Mapping[str, Any], protocol: str) -> Ports:
    if str(rule[protocol]) in EVERY_PROTOCOL:
        return ALL_PORTS
    return int(rule["fromPort"]), int(rule["toPort"])


def read_groups(plan: Plan) -> dict[str, Group]:
    """Security groups by URN, with their TCP rules: resources of their own, and those in the group itself."""
    kinds = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    declared = [group for kind in kinds for group in plan.of_type(kind)]
    rules: dict[Direction, dict[str, list[GroupRule]]] = {
        "ingress": {group.urn: [] for group in declared},
        "egress": {group.urn: [] for group in declared},
    }
    for direction, by_group in rules.items():
        for group in declared:
            for rule in group.inputs.get(direction, ()):
                by_group[group.urn] += _inline_rules(plan, group, rule)
        kind = f"SecurityGroup{direction.capitalize()}Rule"
        for rule in plan.of_type(f"aws:vpc/s{kind[1:]}:{kind}"):
            if str(rule.inputs["ipProtocol"]) in TCP:
                by_group[target(plan, rule.inputs["securityGroupId"])].append(
                    GroupRule(
                        rule.name,
                        _ports(rule.inputs, "ipProtocol"),
                        IPv4Network(rule.inputs["cidrIpv4"]) if rule.inputs.get("cidrIpv4") else None,
                        target(plan, rule.inputs.get("referencedSecurityGroupId")),
                        target(plan, rule.inputs.get("prefixListId")),
                    )
                )
    return {
        group.urn: Group(group.name, {direction: tuple(found[group.urn]) for direction, found in rules.items()})
        for group in declared
    }


def _inline_rules(plan: Plan, group: PlannedResource, rule: Mapping[str, Any]) -> Iterator[GroupRule]:
    if str(rule["protocol"]) not in TCP:
        return
    ports = _ports(rule, "protocol")
    for block in rule.get("cidrBlocks") or ():
        yield GroupRule(group.name, ports, IPv4Network(block))
    for peer in targets(plan, rule.get("securityGroups")) + ([group.urn] if rule.get("self") else []):
        yield GroupRule(group.name, ports, group=peer)
    for service in targets(plan, rule.get("prefixListIds")):
        yield GroupRule(group.name, ports, service=service)
