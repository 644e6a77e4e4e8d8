"""Mutations of this project's own plans that violate the rules for access."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hipaa import types
from ops.plan import Plan
from tests.policy.mutations import Edit, Mutations
from tests.unit.contracts.edit import copy_resource, edit_named, in_statement, with_resource

EVERYONE = {"principal": "*", "sourceArn": None, "sourceAccount": None}


def add(kind: str, **inputs: Any) -> Edit:
    """Adds a resource beside the role of the tasks."""

    def edit(plan: Plan) -> Plan:
        beside = plan.resource(name="app-run-role")
        urn = f"urn:pulumi:{plan.stack}::image-store::{kind}::added"
        return with_resource(plan, replace(beside, urn=urn, type=kind, name="added", inputs=inputs))

    return edit


def edit_statement(**changes: Any) -> Edit:
    """Changes the statement for images in the tasks' policy."""
    return in_statement("app-run-policy", "Images", **changes)


READ = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}]}'
INLINE = [{"name": "inline", "policy": READ}]
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

MUTATIONS: Mutations = {
    "an inline policy of a role": ("dev", edit_named("app-run-role", inlinePolicies=INLINE), frozenset({"IAM-01"})),
    "a separate inline policy": ("dev", add(types.ROLE_POLICY, role="app-run", policy=READ), frozenset({"IAM-01"})),
    "admin access": ("dev", edit_statement(Action="*", Resource="*"), frozenset({"IAM-02", "IAM-03", "IAM-04"})),
    "AdministratorAccess attached": (
        "dev",
        edit_named("app-run-policy-attachment", policyArn=ADMINISTRATOR),
        frozenset({"IAM-02"}),
    ),
    "all actions of a service": ("prod", edit_statement(Action=["s3:*"]), frozenset({"IAM-03"})),
    "NotAction": ("dev", edit_statement(Action=None, NotAction=["kms:*"]), frozenset({"IAM-03"})),
    "decryption with every key": (
        "dev",
        in_statement("app-run-policy", "ImageKey", Resource=["*"]),
        frozenset({"IAM-04"}),
    ),
    "decryption with every key of the account": (
        "prod",
        in_statement("app-run-policy", "ImageKey", Condition=None),
        frozenset({"IAM-04"}),
    ),
    "a user": ("dev", add(types.USER), frozenset({"IAM-05"})),
    "an access key": ("dev", add(types.ACCESS_KEY, user="somebody"), frozenset({"IAM-05"})),
    "a group": ("prod", add(types.GROUP), frozenset({"IAM-05"})),
    "a function without reserved concurrency": (
        "dev",
        lambda plan: copy_resource(plan, "rotation-rotate"),
        frozenset({"LAM-01"}),
    ),
    "a function without a dead-letter queue": (
        "dev",
        edit_named("rotation-rotate", deadLetterConfig=None),
        frozenset({"LAM-02"}),
    ),
    "a function outside the VPC": ("dev", edit_named("rotation-rotate", vpcConfig=None), frozenset({"LAM-03"})),
    "a function that everyone can call": ("dev", edit_named("rotation-caller", **EVERYONE), frozenset({"LAM-04"})),
    "a function with a public URL": (
        "dev",
        add(types.FUNCTION_URL, functionName="rotation", authorizationType="NONE"),
        frozenset({"LAM-04"}),
    ),
}

NOT_OURS: dict[str, str] = {}
