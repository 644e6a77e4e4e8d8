"""The deploy role may do what a deployment needs of single services, and nothing beside it."""

from __future__ import annotations

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from ops.deploy.bootstrap import permissions
from tests.ops.permissions import dev, is_allowed


def test_a_deployment_may_have_rds_create_the_secret_of_the_master_user():
    deploying = permissions.deploy(dev()).values()
    arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!cluster-0f1e2d3c-AbCdEf"
    for action in ("CreateSecret", "RotateSecret", "TagResource"):
        assert is_allowed(deploying, f"secretsmanager:{action}", arn), action
    assert not is_allowed(deploying, "secretsmanager:GetSecretValue", arn), "no deployment reads the password"


@pytest.mark.parametrize("action", ["CreateGrant", "RetireGrant", "RevokeGrant"])
def test_a_deployment_may_create_and_end_the_grants_of_vaults_and_repositories(action: str):
    key, alias = "arn:aws:kms:us-east-1:111122223333:key/1234abcd", "alias/octank-dev/backup"
    for policy in (permissions.deploy(dev())["data"], permissions.boundary(dev())):
        assert is_allowed([policy], f"kms:{action}", key, kms__ResourceAliases=[alias])
        assert not is_allowed([policy], f"kms:{action}", key, kms__ResourceAliases=["alias/other/backup"])


@pytest.mark.parametrize("action", ["DeleteAlarms", "PutMetricAlarm"])
def test_a_deployment_may_create_and_delete_the_alarms_of_target_tracking(action: str):
    alarms = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:"
    name = "TargetTracking-service/octank-dev/octank-dev-app-AlarmHigh-0f1e2d3c"
    deploying = permissions.deploy(dev()).values()
    assert is_allowed(deploying, f"cloudwatch:{action}", alarms + name)
    assert not is_allowed(deploying, f"cloudwatch:{action}", f"{alarms}other-alarm")


KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd"


@pytest.mark.parametrize("action", ["CreateGrant", "Decrypt", "Encrypt", "GenerateDataKeyWithoutPlaintext"])
def test_a_deployment_may_use_a_key_before_its_alias_counts(action: str):
    ours = {"aws:ResourceTag/project": ["octank"], "aws:ResourceTag/env": ["dev"]}
    for policy in (permissions.deploy(dev())["data"], permissions.boundary(dev())):
        assert is_allowed([policy], f"kms:{action}", KEY, **ours)
        assert not is_allowed([policy], f"kms:{action}", KEY, **ours | {"aws:ResourceTag/env": ["prod"]})
        assert not is_allowed([policy], f"kms:{action}", KEY), "a key with neither tags nor alias"


def test_a_deployment_tags_new_keys_alone():
    policy = permissions.deploy(dev())["data"]
    tags = {"aws:RequestTag/project": ["octank"], "aws:RequestTag/env": ["dev"]}
    assert is_allowed([policy], "kms:TagResource", KEY, **tags)
    assert not is_allowed([policy], "kms:TagResource", KEY), "without the stack's tags"
    assert not is_allowed([policy], "kms:TagResource", KEY, kms__ResourceAliases=["alias/other/key"], **tags)


def test_a_deployment_may_associate_the_firewall_with_the_load_balancer():
    """What CloudFormation needs for an association with a load balancer, beyond what ReadOnlyAccess allows."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::WAFv2::WebACLAssociation").schema
    needed = {action for step in ("create", "delete") for action in schema["handlers"][step]["permissions"]}
    policies = permissions.deploy(dev()).values()
    load_balancer = (
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/octank-dev-edge/50dc6c495c0c9188"
    )
    region = {"aws:RequestedRegion": ["us-east-1"]}
    shared = (
        "wafv2:GetWebACL",
        "wafv2:PutPermissionPolicy",
        "wafv2:GetPermissionPolicy",
    )  # rule groups of other accounts
    ours = {each for each in needed if each.startswith(("elasticloadbalancing:", "wafv2:"))} - set(shared)
    assert len(ours) >= 7
    assert [each for each in sorted(ours) if not is_allowed(policies, each, load_balancer, **region)] == []
    # As in the service authorization reference: it supports no resource, so a request has none to be compared.
    assert is_allowed(policies, "elasticloadbalancing:SetWebAcl", "*", **region)
