"""The tasks of a stack with all that their entry points receive, secrets included."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.plan import Plan, PlanError, plan
from ops.render.values import ValueRecorder

TASK = "aws:ecs/taskDefinition:TaskDefinition"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PARAMETER_GROUP = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
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
    """Tasks by tier, parameters of the database, and by center the certificate bundle of its DICOM senders."""

    stack: str
    tasks: Mapping[str, RenderedTask]
    database_parameters: Mapping[str, str]
    senders: Mapping[str, Mapping[str, str]] = field(repr=False)


def render_stack(stack: str, *, overrides: Mapping[str, Any] | None = None) -> RenderedStack:
    """What the tasks of `stack` run with. Keys and passwords are generated in each call; no stack uses them.

    Raises what `plan` raises, and PlanError if a task reads a secret that the stack does not declare.
    """
    recorders: list[ValueRecorder] = []

    def recorder(name: str, project: str, *, preview: bool) -> ValueRecorder:
        recorders.append(ValueRecorder(name, project, preview=preview))
        return recorders[-1]

    declared = plan(stack, overrides=overrides, recorder=recorder)
    values = recorders[-1].values
    secrets = {values[one.urn]["secretId"]: values[one.urn]["secretStringWo"] for one in declared.of_type(VERSION)}
    return RenderedStack(
        stack=stack,
        tasks={task.tier: task for task in _tasks(declared, values, secrets)},
        database_parameters={
            parameter["name"]: parameter["value"]
            for group in declared.of_type(PARAMETER_GROUP)
            for parameter in group.inputs["parameters"]
        },
        senders={
            name.removeprefix(BUNDLE).removesuffix(SENDER): json.loads(value)
            for name, value in _by_name(secrets).items()
            if name.startswith(BUNDLE) and name.endswith(SENDER)
        },
    )


def _tasks(declared: Plan, values: Mapping[str, Any], secrets: Mapping[str, str]) -> list[RenderedTask]:
    tasks = []
    for task in declared.of_type(TASK):
        [definition] = json.loads(values[task.urn]["containerDefinitions"])
        tasks.append(
            RenderedTask(
                tier=declared.component_of(task).name,
                definition=definition,
                environment={one["name"]: one["value"] for one in definition["environment"]},
                secrets={one["name"]: _secret_value(secrets, one["valueFrom"]) for one in definition["secrets"]},
            )
        )
    return tasks


def _secret_value(secrets: Mapping[str, str], arn: str) -> str:
    if arn not in secrets:
        raise PlanError(f"a task reads the secret {arn}, which the stack gives no value: declare its version")
    return secrets[arn]


def _by_name(secrets: Mapping[str, str]) -> dict[str, str]:
    """Secrets by the last part of their name, without the suffix that AWS appends to an ARN."""
    return {arn.rpartition("/")[2].rpartition("-")[0]: value for arn, value in secrets.items()}
