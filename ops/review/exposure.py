"""Who can reach what: the ingress rules and the permissions of every policy in a plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from layout.documents import as_list
from ops.plan import Plan, PlannedResource

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
PROVIDER = "pulumi:providers:aws"
DOCUMENTS = ("policy", "assumeRolePolicy", "policyDocument")
ACCOUNT = re.compile(r"\b\d{12}\b")


@dataclass(frozen=True, kw_only=True, order=True)
class IngressRule:
    """Who may open connections to which ports of which security group."""

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
class Permission:
    """One action that a statement allows: to whom, on which resource, under which condition."""

    policy: str
    statement: str
    action: str
    resource: str
    principal: str
    condition: str

    def __str__(self) -> str:
        principal = f" to {self.principal}" if self.principal else ""
        condition = f" if {self.condition}" if self.condition else ""
        return f"{self.policy}/{self.statement}: `{self.action}` on `{self.resource}`{principal}{condition}"


def ingress_rules(plan: Plan) -> set[IngressRule]:
    """The ingress rules of all security groups."""
    return {
        IngressRule(
            group=_names_of(plan, rule.inputs.get("securityGroupId")),
            ports=_ports(rule.inputs),
            source=str(rule.inputs.get("cidrIpv4") or rule.inputs.get("cidrIpv6") or _source(plan, rule)),
        )
        for rule in plan.of_type(INGRESS)
    }


def permissions(plan: Plan) -> set[Permission]:
    """Every action that any policy of the plan allows."""
    return {found for resource in plan.resources for key in DOCUMENTS for found in _permissions(resource, key)}


def foreign_principals(plan: Plan) -> set[str]:
    """`<policy>: <principal>` for every principal in a policy that is outside the stack's accounts, or everybody."""
    own = {
        account
        for provider in plan.of_type(PROVIDER)
        for account in json.loads(provider.inputs.get("allowedAccountIds") or "[]")
    }
    return {
        f"{found.policy}: {found.principal}"
        for found in permissions(plan)
        if found.principal == "*" or (found.principal and set(ACCOUNT.findall(found.principal)) - own)
    }


def _permissions(resource: PlannedResource, key: str) -> Iterator[Permission]:
    text = resource.inputs.get(key)
    if not isinstance(text, str) or not text.startswith("{"):
        return
    for position, statement in enumerate(as_list(json.loads(text).get("Statement"))):
        if statement.get("Effect") != "Allow":
            continue
        sid = statement.get("Sid", f"statement {position + 1}")
        condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
        for principal in _principals(statement.get("Principal")):
            for action in _actions(statement):
                for target in as_list(statement.get("Resource", "the resource itself")):
                    yield Permission(
                        policy=resource.name,
                        statement=sid,
                        action=action,
                        resource=_short(target),
                        principal=_short(principal),
                        condition=_short(condition),
                    )


def _actions(statement: Mapping[str, Any]) -> list[str]:
    """The actions that the statement names; one entry for all but those of `NotAction`."""
    if "NotAction" in statement:
        return [f"all but {', '.join(as_list(statement['NotAction']))}"]
    return as_list(statement.get("Action"))


def _principals(principal: Any) -> list[str]:
    if principal is None:
        return [""]
    if isinstance(principal, Mapping):
        return [name for names in principal.values() for name in as_list(names)]
    return as_list(principal)


def _short(text: str) -> str:
    """The text without URNs: `${urn:…::name.arn}` becomes `name.arn`."""
    return re.sub(r"\$\{urn:[^}]*::([^}]*)\}", r"\1", text)


def _ports(inputs: Mapping[str, Any]) -> str:
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    protocol = inputs.get("ipProtocol", "-1")
    if protocol == "-1" or first is None:
        return "everything"
    return f"{protocol} {first:g}" if first == last else f"{protocol} {first:g}-{last:g}"


def _source(plan: Plan, rule: PlannedResource) -> str:
    group, prefix_list = rule.inputs.get("referencedSecurityGroupId"), rule.inputs.get("prefixListId")
    return _names_of(plan, group) if group else f"prefix list {prefix_list}"


def _names_of(plan: Plan, value: Any) -> str:
    return ", ".join(plan.by_urn[found.urn].name for found in plan.references(value)) or str(value)
