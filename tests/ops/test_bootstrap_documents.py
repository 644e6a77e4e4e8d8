"""The policies hold for an analyser of IAM and for the project's own rules, and suffice for what they are for."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from moto.iam.aws_managed_policies import aws_managed_policies_data
from parliament import analyze_policy_string

import hipaa.checks  # noqa: F401  importing the checks registers them
from awsmodel import tables
from hipaa import types
from hipaa.evaluate import check_resource
from hipaa.rule import REGISTERED
from ops.deploy.bootstrap import documents, permissions
from ops.deploy.bootstrap.target import load_target
from tests.conftest import Plans
from tests.ops.accounts import REPOSITORY
from tests.ops.permissions import allowed_actions, dev
from tests.policy.cases import resource

MAX_LENGTH = 6144
STACKS = ("dev", "prod")
ACCEPTED = {("boundary", "IAM-03")}
"""A boundary names whole services, because it grants nothing: a role has what its own policies allow as well."""

NEWER_THAN_THE_ANALYSER = (
    "kms:ResourceAliases",
    "ecs:StopServiceDeployment",
    "elasticloadbalancing:GetLoadBalancerWebACL",
    "logs:PutLogGroupDeletionProtection",
)
TOLERATED = {
    "RESOURCE_STAR",  # EC2 and others choose the ids; those statements are bound to Regions
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",  # who declares the bucket policies of the stack may open them
}
ALIASES = {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"}
"""Need two statements, of the key and of the alias; the analyser looks at one."""

UNUSED = {
    "acm-pca", "backup-storage:Mount", "ec2:AssociateSubnetCidrBlock", "ec2:CreateVpcEncryptionControl",
    "ec2:DisassociateSubnetCidrBlock", "ec2:ModifyVpcTenancy", "ecs:PutAccountSetting", "elasticloadbalancing:ModifyCapacityReservation",
    "iam:AttachGroupPolicy", "iam:AttachUserPolicy", "iam:DetachGroupPolicy", "iam:DetachUserPolicy", "iam:PutRolePolicy",
    "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "kms:DisableKey", "kms:EnableKey",
    "kms:ReEncryptFrom", "kms:ReEncryptTo", "lambda:AssociateRuntimeAlias", "lambda:PassCapacityProvider",
    "lambda:DeleteFunctionCodeSigningConfig", "lambda:DeleteProvisionedConcurrencyConfig", "lambda:PutFunctionCodeSigningConfig",
    "lambda:PutFunctionScalingConfig", "lambda:PutProvisionedConcurrencyConfig", "logs:DeleteDataProtectionPolicy", "logs:DeleteIndexPolicy",
    "logs:PutBearerTokenAuthentication", "logs:PutDataProtectionPolicy", "logs:PutIndexPolicy", "payments", "rds:AddRole", "rds:RemoveRole",
    "rds:DisableHttpEndpoint", "rds:EnableHttpEndpoint", "rds:PromoteReadReplica", "rds:RemoveFromGlobalCluster", "rds:Restore",
    "rds:StartDBInstance", "rds:StopDBInstance", "s3:CreateBucketMetadata", "s3:DeleteBucketAnalytics", "s3:DeleteBucketCors",
    "s3:DeleteBucketEncryption", "s3:DeleteBucketLifecycle", "s3:DeleteBucketMetadata", "s3:DeleteBucketMetrics", "s3:DeleteBucketReplication",
    "s3:DeleteBucketWebsite", "s3:PutAccelerate", "s3:PutAnalytics", "s3:PutBucketAbac", "s3:PutBucketAcl", "s3:PutBucketCORS",
    "s3:PutBucketReplication", "s3:PutBucketWebsite", "s3:PutIntelligentTiering", "s3:PutInventory", "s3:PutMetrics", "s3:PutObject",
    "s3:REST", "s3:UpdateBucketMetadata", "s3tables", "secretsmanager:GetRandomPassword", "secretsmanager:RemoveRegions",
    "secretsmanager:ReplicateSecret", "servicediscovery:UpdateServiceAttributes", "sns:PutDataProtectionPolicy", "vpc-lattice", "vpce",
    "cognito-idp:AddCustomAttributes", "cloudtrail:PutEventConfiguration", "cloudtrail:StopLogging",
}  # fmt: skip
"""What CloudFormation would ask for features that no resource of the program has, by prefix."""


def policies(stack: str) -> dict[str, str]:
    chosen = load_target(stack, REPOSITORY)
    deploying = {f"deploy-{group}": text for group, text in permissions.deploy(chosen).items()}
    return {"preview": permissions.preview(chosen), "boundary": permissions.boundary(chosen), **deploying}


def statements(text: str) -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


def findings(text: str) -> list[str]:
    named = {action for each in json.loads(text)["Statement"] for action in each["Action"]}
    found = []
    for finding in analyze_policy_string(text, ignore_private_auditors=True).findings:
        detail = str(finding.detail)
        if finding.issue in TOLERATED or any(new in detail for new in NEWER_THAN_THE_ANALYSER):
            continue
        # A pattern that also covers actions of other resources grants nothing on those.
        mismatched = {each["action"] for each in finding.detail} if finding.issue == "RESOURCE_MISMATCH" else set()
        if finding.issue != "RESOURCE_MISMATCH" or (mismatched & named) - ALIASES:
            found.append(f"{finding.issue}: {detail}")
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_the_analyser_finds_nothing(stack: str):
    assert {name: found for name, text in policies(stack).items() if (found := findings(text))} == {}


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": ["s3:GetObjekt"], "Resource": ["*"]}, "UNKNOWN_ACTION"),
        ({"Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket"]}, "RESOURCE_MISMATCH"),
        (
            {
                "Action": ["states:ValidateStateMachineDefinition"],
                "Resource": ["arn:aws:states:us-east-1:111122223333:stateMachine:y"],
            },
            "RESOURCE_MISMATCH",
        ),
    ],
)
def test_the_analyser_would_find_something(statement: dict[str, Any], issue: str):
    found = findings(json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "X", "Effect": "Allow", **statement}]}))
    assert found[0].startswith(issue)


@pytest.mark.parametrize("stack", STACKS)
def test_iam_takes_them(stack: str):
    sizes = {name: len("".join(text.split())) for name, text in policies(stack).items()}
    assert max(sizes.values()) <= MAX_LENGTH, sizes
    assert len([name for name in sizes if name.startswith("deploy-")]) + 1 <= 10  # managed policies of a role


@pytest.mark.parametrize("stack", STACKS)
def test_the_projects_own_rules_hold(stack: str):
    rules = [
        rule for rule in REGISTERED.values() if rule.metadata.code in {"IAM-01", "IAM-02", "IAM-03", "IAM-04", "IAM-05"}
    ]
    assert len(rules) == 5
    broken = {
        (name, rule.metadata.code)
        for name, text in policies(stack).items()
        for rule in rules
        for result in check_resource(rule, resource(types.POLICY, policy=text))
        if result.is_violation
    }
    assert broken == ACCEPTED


def test_a_deployment_may_do_what_cloudformation_needs_for_the_same_types(plans: Plans):
    """But for features that the program has not. Types without an entry in the rehearsal's map are not looked at, and the
    provider may call AWS in other ways: the first deployment says the rest.
    """
    reading = json.loads(aws_managed_policies_data)["ReadOnlyAccess"]["Document"]["Statement"]
    policies = [each for text in permissions.deploy(dev()).values() for each in json.loads(text)["Statement"]]
    names = tables.data("cloudformation")
    declared = {each.type for stack in STACKS for each in plans(stack).resources}
    needed: set[str] = set()
    for kind in declared & names.keys():
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", names[kind]["type"]).schema["handlers"]
        needed |= {action for step in ("create", "update", "delete") for action in handlers[step]["permissions"]}
    used = {action for action in needed if not action[:1].isupper() and not action.startswith(tuple(UNUSED))}
    assert len(used) > 250
    assert sorted(action for action in used if not allowed_actions([*reading, *policies], action)) == []


def test_the_boundary_lets_through_what_the_role_may_do():
    services = set(permissions.BOUNDARY_SERVICES) | {"kms"}
    granted = {
        action.partition(":")[0]
        for text in permissions.deploy(dev()).values()
        for each in json.loads(text)["Statement"]
        for action in each["Action"]
    }
    assert granted <= services


def test_nobody_leaves_the_boundary():
    found = statements(permissions.boundary(dev()))
    assert found["Boundaries"]["Action"] == ["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"]
    stays = found["TheCeilingStays"]
    assert "arn:aws:iam::111122223333:policy/octank-dev-boundary" in stays["Resource"]
    for action in (
        "iam:CreatePolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "iam:AttachRolePolicy",
        "iam:SetDefaultPolicyVersion",
    ):
        assert any(fnmatchcase(action, pattern) for pattern in stays["Action"])
    for action in ("s3:PutBucketPolicy", "s3:DeleteObjectVersion", "s3:PutBucketVersioning"):
        assert action in found["StateSafeguards"]["Action"]
    assert found["TrailsGoOn"] == {
        "Sid": "TrailsGoOn",
        "Effect": "Deny",
        "Action": ["cloudtrail:StopLogging"],
        "Resource": ["*"],
    }
    assert "kms:PutKeyPolicy" in found["StateKeySafeguards"]["Action"]


@pytest.mark.parametrize("use", ["preview", "deploy"])
def test_only_jobs_of_the_environments_take_a_role(use: str):
    (statement,) = json.loads(documents.trust(dev(), use))["Statement"]
    environments = {"preview": ["dev-preview"], "deploy": ["dev", "dev-destroy"]}[use]
    assert statement["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": [
            f"repo:octank/image-store:environment:{name}" for name in environments
        ],
    }
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"


def test_a_preview_reads_the_state_and_writes_nothing():
    found = statements(permissions.preview(dev()))
    granted = [action for each in found.values() if each["Effect"] == "Allow" for action in each["Action"]]
    association = "elasticloadbalancing:GetLoadBalancerWebACL"
    assert granted == ["s3:ListBucket", "s3:GetObject", "kms:Decrypt", "kms:DescribeKey", association]
    assert found["StateKey"]["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/octank-dev/state"}
    }
    assert found["NoImages"]["NotResource"][0] == "arn:aws:s3:::octank-dev-state-111122223333/*"
    assert "secretsmanager:GetSecretValue" in found["NoRecordsOfPeople"]["Action"]
