"""Who can reach what: the ways into the network and the rights of every policy, and how they differ between plans."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.plan import Plan, PlannedResource

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
PROVIDER = "pulumi:providers:aws"
DOCUMENTS = ("policy", "assumeRolePolicy", "policyDocument")
ACCOUNT = re.compile(r"\b\d{12}\b")


@dataclass(frozen=True, kw_only=True, order=True)
class Opening:
    """A way in: who may open connections to which ports of which security group."""

    group: str
    ports: str
    source: str

    @property
    def public(self) -> bool:
        """Whether anyone on the internet may."""
        return self.source in {"0.0.0.0/0", "::/0"}

    def __str__(self) -> str:
        return f"{self.group}: {self.ports} from {self.source}"


@dataclass(frozen=True, kw_only=True, order=True)
class Right:
    """One action that a statement allows: by whom, on what, and on what condition."""

    policy: str
    statement: str
    action: str
    resource: str
    principal: str
    condition: str

    def __str__(self) -> str:
        whom = f" to {self.principal}" if self.principal else ""
        given = f" if {self.condition}" if self.condition else ""
        return f"{self.policy}/{self.statement}: `{self.action}` on `{self.resource}`{whom}{given}"


def openings(plan: Plan) -> set[Opening]:
    """Every way in that a rule of a security group grants."""
    return {
        Opening(
            group=_named(plan, rule.inputs.get("securityGroupId")),
            ports=_ports(rule.inputs),
            source=str(rule.inputs.get("cidrIpv4") or rule.inputs.get("cidrIpv6") or _source(plan, rule)),
        )
        for rule in plan.of_type(INGRESS)
    }


def rights(plan: Plan) -> set[Right]:
    """Every action that any policy of the plan allows."""
    return {right for resource in plan.resources for key in DOCUMENTS for right in _rights(resource, key)}


def foreign_principals(plan: Plan) -> set[str]:
    """`<policy>: <principal>` for everybody outside the stack's own account whom a policy names, or all the world."""
    own = set(json.loads(plan.resource(PROVIDER).inputs.get("allowedAccountIds") or "[]"))
    return {
        f"{right.policy}: {right.principal}"
        for right in rights(plan)
        if right.principal == "*" or (right.principal and set(ACCOUNT.findall(right.principal)) - own)
    }


def _rights(resource: PlannedResource, key: str) -> Iterator[Right]:
    text = resource.inputs.get(key)
    if not isinstance(text, str) or not text.startswith("{"):
        return
    for position, statement in enumerate(_listed(json.loads(text).get("Statement"))):
        if statement.get("Effect") != "Allow":
            continue
        sid = statement.get("Sid", f"statement {position + 1}")
        condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
        for principal in _principals(statement.get("Principal")):
            for action in _listed(statement.get("Action", statement.get("NotAction"))):
                for target in _listed(statement.get("Resource", "the resource itself")):
                    yield Right(
                        policy=resource.name,
                        statement=sid,
                        action=action,
                        resource=_short(target),
                        principal=_short(principal),
                        condition=_short(condition),
                    )


def _principals(principal: Any) -> list[str]:
    if principal is None:
        return [""]
    if isinstance(principal, Mapping):
        return [name for names in principal.values() for name in _listed(names)]
    return _listed(principal)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _short(text: str) -> str:
    """Without the URNs of a plan: `${urn:…::name.arn}` becomes `name.arn`."""
    return re.sub(r"\$\{urn:[^}]*::([^}]*)\}", r"\1", text)


def _ports(inputs: Mapping[str, Any]) -> str:
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    protocol = inputs.get("ipProtocol", "-1")
    if protocol == "-1" or first is None:
        return "everything"
    return f"{protocol} {first:g}" if first == last else f"{protocol} {first:g}-{last:g}"


def _source(plan: Plan, rule: PlannedResource) -> str:
    group, prefix_list = rule.inputs.get("referencedSecurityGroupId"), rule.inputs.get("prefixListId")
    return _named(plan, group) if group else f"prefix list {prefix_list}"


def _named(plan: Plan, value: Any) -> str:
    return ", ".join(plan.by_urn[found.urn].name for found in plan.references(value)) or str(value)
