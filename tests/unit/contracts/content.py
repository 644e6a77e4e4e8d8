"""What inputs contain: real values, no secrets, no open ports, and the containers' contract."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.plan import Plan, PlannedResource

LOST_OUTPUT = re.compile(r"Calling __str__|Output<|<pulumi\.output")
SECRET_TEXT = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)
ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})

DICOM_ENVIRONMENT = {"DICOM_AET": "MASTERBUILDER", "DICOM_PORT": "104"}
DATABASE_SECRETS = {"PG_USER": "mb-db-user", "PG_PASSWORD": "mb-db-password"}


def texts(value: Any) -> Iterator[str]:
    """Every text in a property, keys included."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def format_value(plan: Plan) -> Iterator[tuple[str, Any]]:
    """Everything that a plan shows: inputs, outputs of components, exports; with the place where it stands."""
    for resource in plan.resources:
        for name, value in resource.inputs.items():
            yield f"{resource.urn}: {name}", value
        for name, value in (resource.outputs or {}).items():
            yield f"{resource.urn}: output {name}", value
    for name, value in plan.exports.items():
        yield f"export {name}", value


def whole_outputs(plan: Plan) -> list[str]:
    """No text holds an Output that was formatted instead of applied."""
    return [
        f"{place} holds an unresolved output: {found[0]}"
        for place, value in format_value(plan)
        for text in texts(value)
        if (found := LOST_OUTPUT.search(text))
    ]


def hidden_secrets(plan: Plan) -> list[str]:
    """No secret stands in plain text: neither a literal one nor what a provider declares as secret."""
    violations = []
    for place, value in format_value(plan):
        if any(SECRET_TEXT.search(text) for text in texts(value)):
            violations.append(f"{place} holds a secret in plain text")
        for urn, path in plan.references(value):
            if re.split(r"[.\[]", path)[0] in plan.by_urn[urn].secret_outputs:
                violations.append(f"{place} shows the secret {path} of {urn}")
    return violations


def closed_ingress(plan: Plan) -> list[str]:
    """No security group lets the whole internet in, but port 443 of an internet-facing load balancer."""
    public = {
        reference.urn
        for load_balancer in plan.of_type("aws:lb/loadBalancer:LoadBalancer")
        if not load_balancer.inputs.get("internal")
        for reference in plan.references(load_balancer.inputs.get("securityGroups", []))
    }
    return [
        f"{resource.urn}: lets {source} in"
        for resource, rule in _ingress(plan)
        for source in sorted(ANYWHERE.intersection(texts(rule)))
        if not (_https(rule) and public.intersection(found.urn for found in plan.references(rule)))
    ]


def _https(rule: Mapping[str, Any]) -> bool:
    return rule.get("fromPort") == rule.get("toPort") == 443


def _ingress(plan: Plan) -> Iterator[tuple[PlannedResource, Mapping[str, Any]]]:
    """Ingress rules in each of the ways the SDK knows, with the group they belong to."""
    for resource in plan.resources:
        match resource.type.rpartition(":")[2]:
            case "SecurityGroupIngressRule":
                yield resource, resource.inputs
            case "SecurityGroupRule" if resource.inputs.get("type") == "ingress":
                yield resource, resource.inputs
            case "SecurityGroup" | "DefaultSecurityGroup":
                for rule in resource.inputs.get("ingress", []):
                    yield resource, {**rule, "securityGroupId": f"${{{resource.urn}.id}}"}


def containers(plan: Plan) -> Iterator[tuple[PlannedResource, dict[str, Any]]]:
    """Containers of every task definition."""
    for task in plan.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        for container in json.loads(task.inputs["containerDefinitions"]):
            yield task, container


def no_secret_variables(plan: Plan) -> list[str]:
    """A variable whose name speaks of a secret comes from Secrets Manager, never from the task definition."""
    return [
        f"{task.urn}: variable {name} of {container['name']} is plain text"
        for task, container in containers(plan)
        for name in _variables(container)
        if SECRET_NAME.search(name)
    ]


def _variables(container: Mapping[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container.get("environment", [])}


def dicom_contract(plan: Plan) -> list[str]:
    """One container takes DICOM as MASTERBUILDER on port 104, with the database's user and password by reference."""
    found = [(task, container) for task, container in containers(plan) if "DICOM_AET" in _variables(container)]
    if len(found) != 1:
        return [f"{len(found)} containers have a DICOM_AET, not one"]
    task, container = found[0]
    environment = _variables(container)
    secrets = {entry["name"]: entry["valueFrom"] for entry in container.get("secrets", [])}
    return [
        f"{task.urn}: {name} is {environment.get(name)}, not {value}"
        for name, value in DICOM_ENVIRONMENT.items()
        if environment.get(name) != value
    ] + [
        f"{task.urn}: {name} does not come from the secret {secret}"
        for name, secret in DATABASE_SECRETS.items()
        if not any(held.endswith(f"/{secret}") for held in _secret_names(plan, secrets.get(name)))
    ]


def _secret_names(plan: Plan, value_from: str | None) -> list[str]:
    sources = [plan.by_urn[reference.urn] for reference in plan.references(value_from)]
    return [source.inputs["name"] for source in sources if source.type == "aws:secretsmanager/secret:Secret"]
