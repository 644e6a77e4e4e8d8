"""Contracts over everything a stack declares, and for each a broken plan that it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ops.plan import Plan, PlannedResource
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.unit.contracts import content, structure, tags
from tests.unit.contracts.edit import edit_resource, with_inputs, with_resource, without_input
from tests.unit.contracts.mutation import Contract, ContractTests, Mutation

CONTRACTS: tuple[Contract, ...] = (
    structure.explicit_provider,
    structure.explicit_child_providers,
    structure.explicit_parent,
    structure.unique_urns,
    structure.component_tokens,
    structure.registered_outputs,
    structure.serial_scaling,
    tags.complete_default_tags,
    tags.complete_own_tags,
    tags.disjoint_tags,
    content.whole_outputs,
    content.hidden_secrets,
    content.closed_ingress,
    content.no_secret_variables,
    content.dicom_contract,
)


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_stack_keeps(contract: Contract, stack: str, plans: Plans):
    assert contract(plans(stack)) == []


@pytest.mark.parametrize("stack", stacks())
def test_a_preview_registers_what_an_update_does(stack: str, plans: Plans):
    assert structure.same_resources(plans(stack), plans(stack, preview=True)) == []


def first(plan: Plan, kind: str) -> PlannedResource:
    return plan.of_type(kind)[0]


def bucket(plan: Plan) -> PlannedResource:
    return first(plan, "aws:s3/bucket:Bucket")


def open_rule(plan: Plan, group: str, **inputs: Any) -> Plan:
    """One more ingress rule, on the security group of that name."""
    target = plan.resource("aws:ec2/securityGroup:SecurityGroup", name=group)
    rule = first(plan, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    opening = {"securityGroupId": f"${{{target.urn}.id}}", "cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443}
    return with_resource(plan, replace(rule, urn=f"{rule.urn}-open", name="open", inputs={**opening, **inputs}))


def inline_rule(plan: Plan, rule: dict[str, Any]) -> Plan:
    group = plan.resource("aws:ec2/securityGroup:SecurityGroup", name="app-tasks")
    return with_inputs(plan, group, ingress=[rule])


def with_container(plan: Plan, task: str, change: Callable[[dict[str, Any]], None]) -> Plan:
    """The task definition's first container, changed."""
    definition = plan.resource("aws:ecs/taskDefinition:TaskDefinition", name=task)
    containers = json.loads(definition.inputs["containerDefinitions"])
    change(containers[0])
    return with_inputs(plan, definition, containerDefinitions=json.dumps(containers))


def set_variable(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    def change(container: dict[str, Any]) -> None:
        kept = [entry for entry in container["environment"] if entry["name"] != name]
        container["environment"] = [*kept, {"name": name, "value": value}]

    return change


def take_secret_from(name: str, other: str) -> Callable[[dict[str, Any]], None]:
    def change(container: dict[str, Any]) -> None:
        secrets = {entry["name"]: entry for entry in container["secrets"]}
        secrets[name]["valueFrom"] = secrets[other]["valueFrom"]

    return change


def without_secrets(container: dict[str, Any]) -> None:
    del container["secrets"]


def password(plan: Plan) -> str:
    return f"${{{first(plan, 'random:index/randomPassword:RandomPassword').urn}.result}}"


def without_defaults(plan: Plan) -> Plan:
    defaults = {key: value for key, value in tags.default_tags(plan).items() if key != "expiry"}
    return with_inputs(plan, plan.resource("pulumi:providers:aws"), defaultTags=json.dumps({"tags": defaults}))


MUTATIONS = {
    "default provider": Mutation(
        structure.explicit_provider, lambda plan: edit_resource(plan, bucket(plan), provider=""), "provider (default)"
    ),
    "provider of another package": Mutation(
        structure.explicit_provider,
        lambda plan: edit_resource(plan, bucket(plan), provider=plan.resource("pulumi:providers:tls").urn),
        "is not the stack's own",
    ),
    "image without a builder": Mutation(
        structure.explicit_child_providers,
        lambda plan: edit_resource(plan, plan.resource(name="images"), providers={}),
        "no provider of docker-build is passed on to its children",
    ),
    "bucket below the stack": Mutation(
        structure.explicit_parent, lambda plan: edit_resource(plan, bucket(plan), parent=plan.urn), "not a component"
    ),
    "no parent": Mutation(
        structure.explicit_parent, lambda plan: edit_resource(plan, bucket(plan), parent=""), "its parent is (none)"
    ),
    "same URN twice": Mutation(
        structure.unique_urns, lambda plan: with_resource(plan, bucket(plan)), "registered 2 times"
    ),
    "foreign type token": Mutation(
        structure.component_tokens,
        lambda plan: edit_resource(plan, plan.components[0], type="imgstore:Keys:keys"),
        "type imgstore:Keys:keys does not match",
    ),
    "scaling policies in parallel": Mutation(
        structure.serial_scaling,
        lambda plan: edit_resource(
            plan,
            plan.resource(name="app-scaling-surge"),
            dependencies=(plan.resource(name="app-scaling-target").urn,),
        ),
        "is not ordered with",
    ),
    "no outputs": Mutation(
        structure.registered_outputs,
        lambda plan: edit_resource(plan, plan.components[0], outputs=None),
        "registers no outputs",
    ),
    "empty outputs": Mutation(
        structure.registered_outputs,
        lambda plan: edit_resource(plan, plan.components[0], outputs={}),
        "registers no outputs",
    ),
    "no expiry": Mutation(tags.complete_default_tags, without_defaults, "lack expiry"),
    "no tags at all": Mutation(
        tags.complete_own_tags, lambda plan: without_input(plan, bucket(plan), "tags"), "tag Name is missing"
    ),
    "no data class": Mutation(
        tags.complete_own_tags,
        lambda plan: with_inputs(plan, bucket(plan), tags={"Name": "images"}),
        "tag data-classification is missing",
    ),
    "tag of the provider": Mutation(
        tags.disjoint_tags,
        lambda plan: with_inputs(plan, bucket(plan), tags={**bucket(plan).inputs["tags"], "env": "dev"}),
        "tag env is the provider's",
    ),
    "formatted output": Mutation(
        content.whole_outputs,
        lambda plan: with_inputs(plan, bucket(plan), bucket="x-Calling __str__ on an Output[T] is not supported."),
        "unresolved output: Calling __str__",
    ),
    "output in an export": Mutation(
        content.whole_outputs,
        lambda plan: replace(plan, exports={"url": "https://<pulumi.output.Output object at 0x7f>"}),
        "export url holds an unresolved output",
    ),
    "private key": Mutation(
        content.hidden_secrets,
        lambda plan: with_inputs(plan, bucket(plan), policy={"a": ["-----BEGIN " + "EC PRIVATE KEY-----"]}),
        "a secret in plain text",
    ),
    "revealed password": Mutation(
        content.hidden_secrets,
        lambda plan: with_inputs(plan, bucket(plan), bucket=f"x-{password(plan)}"),
        "shows the secret result",
    ),
    "exported password": Mutation(
        content.hidden_secrets,
        lambda plan: replace(plan, exports={"password": {"value": password(plan)}}),
        "export password shows the secret result",
    ),
    "tasks open to the internet": Mutation(
        content.closed_ingress, lambda plan: open_rule(plan, "app-tasks"), "lets 0.0.0.0/0 in"
    ),
    "load balancer open on another port": Mutation(
        content.closed_ingress, lambda plan: open_rule(plan, "edge-alb", fromPort=80, toPort=80), "lets 0.0.0.0/0 in"
    ),
    "all of IPv6": Mutation(
        content.closed_ingress, lambda plan: open_rule(plan, "app-tasks", cidrIpv4=None, cidrIpv6="::/0"), "lets ::/0"
    ),
    "inline rule": Mutation(
        content.closed_ingress,
        lambda plan: inline_rule(plan, {"cidrBlocks": ["0.0.0.0/0"], "fromPort": 443, "toPort": 443}),
        "lets 0.0.0.0/0 in",
    ),
    "password as a variable": Mutation(
        content.no_secret_variables,
        lambda plan: with_container(plan, "app-task", set_variable("PG_PASSWORD", "")),
        "variable PG_PASSWORD of orthanc is plain text",
    ),
    "another AE title": Mutation(
        content.dicom_contract,
        lambda plan: with_container(plan, "app-task", set_variable("DICOM_AET", "ORTHANC")),
        "DICOM_AET is ORTHANC, not MASTERBUILDER",
    ),
    "another port": Mutation(
        content.dicom_contract,
        lambda plan: with_container(plan, "app-task", set_variable("DICOM_PORT", "11112")),
        "DICOM_PORT is 11112, not 104",
    ),
    "user from another secret": Mutation(
        content.dicom_contract,
        lambda plan: with_container(plan, "app-task", take_secret_from("PG_USER", "PG_PASSWORD")),
        "PG_USER does not come from the secret mb-db-user",
    ),
    "no secrets": Mutation(
        content.dicom_contract,
        lambda plan: with_container(plan, "app-task", without_secrets),
        "PG_PASSWORD does not come from the secret mb-db-password",
    ),
    "a second DICOM container": Mutation(
        content.dicom_contract,
        lambda plan: with_container(plan, "web-task", set_variable("DICOM_AET", "MASTERBUILDER")),
        "2 containers have a DICOM_AET",
    ),
}


class TestMutations(ContractTests):
    contracts = CONTRACTS
    mutations = MUTATIONS


def test_the_public_listener_may_be_open_to_all(plans: Plans):
    assert content.closed_ingress(open_rule(plans("dev"), "edge-alb")) == []


def test_an_internal_load_balancer_may_not_be_open_to_all(plans: Plans):
    assert content.closed_ingress(open_rule(plans("prod"), "edge-alb")) != []


def test_a_resource_that_only_one_mode_registers_is_noticed(plans: Plans):
    update, preview = plans("dev"), plans("dev", preview=True)
    less = replace(preview, resources=preview.resources[:-1])
    assert structure.same_resources(update, less) == [f"{preview.resources[-1].urn}: only in the update"]
    assert structure.same_resources(less, update) == [f"{preview.resources[-1].urn}: only in the preview"]
