"""Tasks of a stack with everything their entry points are given, secrets resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.plan import Plan, PlanError, plan
from ops.render.values import Realizing

TASK = "aws:ecs/taskDefinition:TaskDefinition"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
BUNDLE = "tls-"
SENDER = "-dicom"


@dataclass(frozen=True, kw_only=True)
class RenderedTask:
    """One container as ECS starts it. `secrets` are the values behind the definition's references."""

    tier: str
    definition: Mapping[str, Any]
    environment: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RenderedStack:
    """Every task by tier, and by center the bundle that its DICOM senders present."""

    stack: str
    tasks: Mapping[str, RenderedTask]
    senders: Mapping[str, Mapping[str, str]] = field(repr=False)


def rendered(stack: str, *, overrides: Mapping[str, Any] | None = None) -> RenderedStack:
    """What the tasks of `stack` run with. Keys and passwords are new in every call, and nobody else's.

    Raises what `plan` raises, and PlanError for a reference to a secret that the stack does not declare.
    """
    recorders: list[Realizing] = []

    def recorder(name: str, project: str, *, preview: bool) -> Realizing:
        recorders.append(Realizing(name, project, preview=preview))
        return recorders[-1]

    declared = plan(stack, overrides=overrides, recorder=recorder)
    values = recorders[-1].values
    secrets = {values[one.urn]["secretId"]: values[one.urn]["secretStringWo"] for one in declared.of_type(VERSION)}
    return RenderedStack(
        stack=stack,
        tasks={task.tier: task for task in _tasks(declared, values, secrets)},
        senders={
            name.removeprefix(BUNDLE).removesuffix(SENDER): json.loads(value)
            for name, value in _named(secrets).items()
            if name.startswith(BUNDLE) and name.endswith(SENDER)
        },
    )


def _tasks(declared: Plan, values: Mapping[str, Any], secrets: Mapping[str, str]) -> list[RenderedTask]:
    found = []
    for task in declared.of_type(TASK):
        [definition] = json.loads(values[task.urn]["containerDefinitions"])
        found.append(
            RenderedTask(
                tier=declared.component_of(task).name,
                definition=definition,
                environment={one["name"]: one["value"] for one in definition["environment"]},
                secrets={one["name"]: _value(secrets, one["valueFrom"]) for one in definition["secrets"]},
            )
        )
    return found


def _value(secrets: Mapping[str, str], arn: str) -> str:
    if arn not in secrets:
        raise PlanError(f"a task reads the secret {arn}, which the stack gives no value: declare its version")
    return secrets[arn]


def _named(secrets: Mapping[str, str]) -> dict[str, str]:
    """Secrets by the last part of their name, without what AWS appends to an ARN."""
    return {arn.rpartition("/")[2].rpartition("-")[0]: value for arn, value in secrets.items()}
