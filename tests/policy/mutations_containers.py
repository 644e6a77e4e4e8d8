"""Mutations of this project's own plans that violate the rules for containers."""

import json
from collections.abc import Callable
from typing import Any

from ops.plan import Plan
from ops.review.policies import REFERENCE
from tests.policy.mutations import Edit, Mutations
from tests.unit.contracts.edit import edit_named, edit_nested, edit_resource


def with_known_containers(
    plan: Plan, name: str, change: Callable[[list[dict[str, Any]]], None] = lambda _: None
) -> Plan:
    """The plan with a task's containers known, as in an update, and changed."""
    containers = json.loads(REFERENCE.sub("known", plan.resource(name=name).inputs["containerDefinitions"]))
    change(containers)
    return edit_named(name, containerDefinitions=json.dumps(containers))(plan)


def edit_container(**changes: Any) -> Edit:
    return lambda plan: with_known_containers(plan, "app-task", lambda containers: containers[0].update(changes))


def drop_mode(containers: list[dict[str, Any]]) -> None:
    del containers[0]["logConfiguration"]["options"]["mode"]


def add_secret_variable(containers: list[dict[str, Any]]) -> None:
    containers[0]["environment"].append({"name": "PG_PASSWORD", "value": "known"})


def use_one_role(plan: Plan) -> Plan:
    task = plan.resource(name="app-task")
    inputs = {**task.inputs, "taskRoleArn": task.inputs["executionRoleArn"]}
    links = {**task.property_dependencies, "taskRoleArn": task.property_dependencies["executionRoleArn"]}
    return edit_resource(plan, task, inputs=inputs, property_dependencies=links)


EXEC = "configuration.executeCommandConfiguration"
REPOSITORY = "images-orthanc-repository"

MUTATIONS: Mutations = {
    "host network": ("dev", edit_named("app-task", networkMode="host"), frozenset({"ECS-01"})),
    "writable root": ("dev", edit_container(readonlyRootFilesystem=False), frozenset({"ECS-02"})),
    "privileged container": ("prod", edit_container(privileged=True), frozenset({"ECS-03"})),
    "public task": (
        "dev",
        edit_nested("web-service", "networkConfiguration.assignPublicIp", new=True),
        frozenset({"ECS-04"}),
    ),
    "no container insights": ("dev", edit_named("cluster-cluster", settings=None), frozenset({"ECS-05"})),
    "ECS Exec without configured logs": (
        "dev",
        edit_nested("cluster-cluster", f"{EXEC}.logging", "DEFAULT"),
        frozenset({"ECS-06"}),
    ),
    "ECS Exec without a key": ("prod", edit_nested("cluster-cluster", f"{EXEC}.kmsKeyId", None), frozenset({"ECS-06"})),
    "the same role twice": ("dev", use_one_role, frozenset({"ECS-07"})),
    "no role for the task": ("prod", edit_named("web-task", taskRoleArn=None), frozenset({"ECS-07"})),
    "old platform version": ("dev", edit_named("app-service", platformVersion="1.3.0"), frozenset({"ECS-08"})),
    "images encrypted with AWS's key": (
        "dev",
        edit_named(REPOSITORY, encryptionConfigurations=None),
        frozenset({"ECR-01"}),
    ),
    "mutable tags": ("prod", edit_named(REPOSITORY, imageTagMutability="MUTABLE"), frozenset({"ECR-01"})),
    "unscanned images": ("dev", edit_named(REPOSITORY, imageScanningConfiguration=None), frozenset({"ECR-01"})),
    "non-blocking logs": (
        "prod",
        lambda plan: with_known_containers(plan, "app-task", drop_mode),
        frozenset({"OWN-04"}),
    ),
    "plain-text password": (
        "dev",
        lambda plan: with_known_containers(plan, "app-task", add_secret_variable),
        frozenset({"OWN-05"}),
    ),
}

NOT_OURS: dict[str, str] = {}
