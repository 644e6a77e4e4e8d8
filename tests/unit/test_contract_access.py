"""Contracts of rights, and for each a broken plan that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.unit.contracts import access, keys
from tests.unit.contracts.documents import Statement
from tests.unit.contracts.edit import copy_resource, edit_named, in_statement, without_statement
from tests.unit.contracts.mutation import Contract, ContractTests, Mutation
from tests.unit.phases import in_phase

CONTRACTS: tuple[Contract, ...] = (
    access.named_actions,
    access.named_resources,
    access.named_principals,
    access.bound_services,
    access.positive,
    access.real_actions,
    access.listed_policies,
    keys.policies,
    keys.care,
    keys.uses,
)

EXCEPTIONS: dict[Callable[[Plan], list[Statement]], access.Exceptions] = {
    access.broad_actions: access.ANY_ACTION,
    access.broad_resources: access.ANY_RESOURCE,
    access.broad_principals: access.ANYBODY,
    access.unbound_services: access.UNBOUND,
}


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_stack_keeps(contract: Contract, stack: str, plans: Plans):
    assert contract(plans(stack)) == []


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_a_study_that_ends_keeps(contract: Contract, stack: str):
    assert contract(in_phase(stack, "closing")) == []


@pytest.mark.parametrize("found", EXCEPTIONS, ids=lambda found: found.__name__)
def test_no_exception_outlives_what_it_was_made_for(found: Callable[[Plan], list[Statement]]):
    places = {statement.place for stack in stacks() for statement in found(in_phase(stack, "closing"))}
    assert places == set(EXCEPTIONS[found])


def test_no_right_to_a_key_stays_listed_that_no_role_has(plans: Plans):
    used = {
        statement.place
        for stack in stacks()
        for statement in access.statements(plans(stack))
        if any(action.startswith("kms:") for action in statement.actions)
    }
    assert {*keys.ROLES, *keys.BY_CONTEXT} <= used
    assert set(keys.SERVICES) == {key.name for stack in stacks() for key in plans(stack).of_type(keys.KEY)}


def test_no_right_of_a_study_s_end_stays_listed_that_no_role_has():
    used = {statement.place for stack in stacks() for statement in access.statements(in_phase(stack, "closing"))}
    assert {*keys.CLOSING_ROLES, *keys.DIRECT} <= used
    known = {key.name for stack in stacks() for key in in_phase(stack, "closing").of_type(keys.KEY)}
    assert set(keys.CLOSING) <= known


def test_no_policy_of_aws_stays_listed_that_no_role_has(plans: Plans):
    attached = {
        attachment.inputs["policyArn"].rpartition("/")[2]
        for stack in stacks()
        for attachment in plans(stack).of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    }
    assert set(access.MANAGED) <= attached


ELSEWHERE = {"StringEquals": {"aws:SourceAccount": "999900001111"}}
THROUGH_S3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
ANY_ALIAS = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/octank-dev/archive"}}


def images(**changes: Any) -> Callable[[Plan], Plan]:
    return in_statement("app-run-policy", "Images", **changes)


def image_key(**changes: Any) -> Callable[[Plan], Plan]:
    return in_statement("app-run-policy", "ImageKey", **changes)


def flows(**changes: Any) -> Callable[[Plan], Plan]:
    return in_statement("network-flow-writer-role", "Assume", "assumeRolePolicy", **changes)


MUTATIONS = {
    "all of S3": Mutation(access.named_actions, images(Action=["s3:*"]), "allows every action"),
    "all of AWS": Mutation(access.named_actions, images(Action="*"), "allows every action"),
    "a key of everybody": Mutation(
        access.named_actions, in_statement("keys-images", "FargateGrant", Action="kms:*"), "allows every action"
    ),
    "every bucket": Mutation(access.named_resources, images(Resource="*"), "holds for every resource"),
    "public bucket": Mutation(
        access.named_principals,
        in_statement("storage-access-logs-access", "LoadBalancerLogs", Principal="*"),
        "LoadBalancerLogs: is for anybody",
    ),
    "endpoint for strangers": Mutation(
        access.named_principals,
        in_statement("network-logs", "OwnAccountOnly", Condition=None),
        "OwnAccountOnly: is for anybody, and no condition says whose",
    ),
    "endpoint for another account": Mutation(
        access.named_principals,
        in_statement(
            "network-logs", "OwnAccountOnly", Condition={"StringEquals": {"aws:PrincipalAccount": "999900001111"}}
        ),
        "OwnAccountOnly: is for anybody, and no condition says whose",
    ),
    "bucket of another account": Mutation(
        access.named_principals,
        in_statement(
            "storage-access-logs-access", "LoadBalancerLogs", Principal={"AWS": "arn:aws:iam::999900001111:role/reader"}
        ),
        "LoadBalancerLogs: is for arn:aws:iam::999900001111:role/reader, who is not of this account",
    ),
    "deputy of anybody": Mutation(access.bound_services, flows(Condition=None), "lets a service act for any account"),
    "deputy of another account": Mutation(
        access.bound_services, flows(Condition=ELSEWHERE), "lets a service act for any account"
    ),
    "logs of any account": Mutation(
        access.bound_services,
        in_statement("storage-access-logs-access", "NetworkLoadBalancerLogs", Condition=None),
        "NetworkLoadBalancerLogs: lets a service act for any account",
    ),
    "alarms of any account": Mutation(
        access.bound_services,
        in_statement("alarms-policy", "PublishAlarms", Condition=None),
        "PublishAlarms: lets a service act for any account",
    ),
    "all but one action": Mutation(
        access.positive, images(Action=None, NotAction=["s3:DeleteBucket"]), "Images: says NotAction"
    ),
    "all but one resource": Mutation(
        access.positive, images(Resource=None, NotResource=["arn:aws:s3:::x"]), "Images: says NotResource"
    ),
    "statement without a name": Mutation(access.positive, images(Sid=None), "has no Sid"),
    "mistyped action": Mutation(
        access.real_actions, images(Action=["s3:GetObjects"]), "Images: s3:GetObjects does not exist"
    ),
    "mistyped service": Mutation(
        access.real_actions, images(Action=["s33:GetObject"]), "Images: s33:GetObject does not exist"
    ),
    "mistyped pattern": Mutation(
        access.real_actions,
        in_statement("keys-logs", "CloudWatchLogs", Action=["kms:Encript*"]),
        "kms:Encript* does not exist",
    ),
    "administrator": Mutation(
        access.listed_policies,
        lambda plan: copy_resource(
            plan, "app-run-policy-attachment", policyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        "attaches arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    "inline policy": Mutation(
        access.listed_policies, edit_named("app-run-role", inlinePolicies=[{"name": "more"}]), "has an inline policy"
    ),
    "policy of AWS on the role itself": Mutation(
        access.listed_policies,
        edit_named("app-run-role", managedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        "has an inline policy",
    ),
    "another service at a key": Mutation(
        keys.policies,
        in_statement(
            "keys-audit", "AuditTrail", Principal={"Service": ["cloudtrail.amazonaws.com", "s3.amazonaws.com"]}
        ),
        "AuditTrail: lets ['cloudtrail.amazonaws.com', 's3.amazonaws.com'] call",
    ),
    "another action at a key": Mutation(
        keys.policies,
        in_statement("keys-images", "FargateDataKey", Action=["kms:Decrypt"]),
        "FargateDataKey: lets ['fargate.amazonaws.com'] call ['kms:Decrypt']",
    ),
    "key for any account's service": Mutation(
        keys.policies,
        in_statement("keys-logs", "AlarmPublishers", Condition=None),
        "AlarmPublishers: holds for any account",
    ),
    "key for another account's logs": Mutation(
        keys.policies,
        in_statement(
            "keys-logs",
            "CloudWatchLogs",
            Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:999900001111:*"}},
        ),
        "CloudWatchLogs: holds for any account",
    ),
    "grant of more than reading": Mutation(
        keys.policies,
        in_statement(
            "keys-images",
            "FargateGrant",
            Condition={"StringEquals": {"kms:EncryptionContext:aws:ecs:clusterAccount": ["111122223333"]}},
        ),
        "FargateGrant: grants more than Decrypt",
    ),
    "key of another account": Mutation(
        keys.policies,
        in_statement("keys-archive", "AccountAdministration", Principal={"AWS": "arn:aws:iam::999900001111:root"}),
        "AccountAdministration: is administered by ['arn:aws:iam::999900001111:root']",
    ),
    "key of nobody": Mutation(
        keys.policies, without_statement("keys-archive", "AccountAdministration"), "its policy has the statements []"
    ),
    "key of a new data class": Mutation(
        keys.policies, lambda plan: copy_resource(plan, "keys-archive"), "stands in no table of keys"
    ),
    "key for ever": Mutation(keys.care, edit_named("keys-images", enableKeyRotation=None), "enableKeyRotation is None"),
    "key gone in a week": Mutation(
        keys.care, edit_named("keys-images", deletionWindowInDays=7), "deletionWindowInDays is 7, not 30"
    ),
    "key in every Region": Mutation(keys.care, edit_named("keys-images", multiRegion=True), "lies in several Regions"),
    "key without a service in between": Mutation(
        keys.uses,
        image_key(Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/octank-dev/images"}}),
        "ImageKey: may use keys without a service in between",
    ),
    "service of another Region": Mutation(
        keys.uses,
        image_key(Resource=["arn:aws:kms:us-west-2:111122223333:key/*"]),
        "ImageKey: may use keys without a service in between",
    ),
    "every key": Mutation(keys.uses, image_key(Condition=THROUGH_S3), "ImageKey: may use the keys of everybody"),
    "key of another class": Mutation(
        keys.uses, image_key(Condition={**THROUGH_S3, **ANY_ALIAS}), "may use the keys ['alias/octank-dev/archive']"
    ),
    "right to revoke": Mutation(
        keys.uses, image_key(Action=["kms:ScheduleKeyDeletion"]), "may kms:ScheduleKeyDeletion"
    ),
    "every secret's key": Mutation(
        keys.uses,
        in_statement(
            "splunk-delivery-policy",
            "DecryptTokens",
            Condition={
                "StringEquals": {
                    "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
                    "kms:EncryptionContext:SecretARN": ["arn:aws:secretsmanager:us-east-1:444455556666:secret:*"],
                }
            },
        ),
        "DecryptTokens: may decrypt whatever it is given",
        "prod",
    ),
}


class TestMutations(ContractTests):
    contracts = CONTRACTS
    mutations = MUTATIONS
