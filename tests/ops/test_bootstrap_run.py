"""The foundation is made once, whatever happens on the way, and removed only when nothing needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.deploy.bootstrap import buckets
from ops.deploy.bootstrap.foundation import Foundation, next_steps
from ops.deploy.bootstrap.resources import destroy
from ops.deploy.bootstrap.target import ISSUER, BootstrapError, Target
from tests.ops.accounts import REPOSITORY, Calls, Killed, aws_policies, converge, destroy_all, dev, foundation

MAKING = [
    "DescribeKey",
    "ListKeys",
    "HeadBucket",
    "GetOpenIDConnectProvider",
    "GetPolicy",
    "GetRole",
    "CreateKey",
    "ListResourceTags",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "EnableKeyRotation",
    "CreateAlias",
    "CreateBucket",
    "GetBucketTagging",
    "PutBucketTagging",
    "GetPublicAccessBlock",
    "PutPublicAccessBlock",
    "GetBucketOwnershipControls",
    "GetBucketVersioning",
    "PutBucketVersioning",
    "GetBucketEncryption",
    "PutBucketEncryption",
    "GetBucketPolicy",
    "PutBucketPolicy",
    "GetBucketLifecycleConfiguration",
    "PutBucketLifecycleConfiguration",
    "GetBucketLogging",
    "PutBucketLogging",
    "CreateOpenIDConnectProvider",
    "CreatePolicy",
    "GetPolicyVersion",
    "CreateRole",
    "ListAttachedRolePolicies",
    "AttachRolePolicy",
    "ListRolePolicies",
]
"""Operations in the order in which a first run comes to them."""

pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture
def account(aws: None) -> None:
    aws_policies()


def test_a_dry_run_changes_nothing_and_names_everything():
    calls = Calls()
    said = converge(calls, apply=False)
    assert calls.changes == []
    for name in (
        "key alias/octank-dev/state",
        "bucket octank-dev-state-111122223333",
        "role octank-dev-pipeline-deploy",
    ):
        assert f"create    {name}" in said


def test_the_second_run_changes_nothing():
    assert converge()
    calls = Calls()
    assert converge(calls) == []
    assert calls.changes == []
    assert len(calls.names) > 50


def test_a_dry_run_afterwards_finds_nothing_to_do():
    converge()
    assert converge(apply=False) == []


def remove_guards(bucket: str) -> Any:
    """S3 without the bucket's policy, of which the simulated S3 reads no conditions: it would refuse everything."""
    s3 = boto3.client("s3")
    s3.delete_bucket_policy(Bucket=bucket)
    return s3


def operations(run: Callable[[Calls], object]) -> list[str]:
    calls = Calls()
    run(calls)
    return list(dict.fromkeys(calls.names))


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (400, "Throttling")])
def test_every_operation_may_fail_and_the_next_run_completes(status: int, code: str):
    """One account, in which each operation fails in turn, the first one first: whatever is there, it goes on."""
    calls, said = Calls(), []
    for name in [*MAKING, "ListObjectVersions", "EnableKey", "CreatePolicyVersion"]:
        calls.arm(fail=name, status=status, code=code)
        try:
            converge(calls)
        except BootstrapError as error:
            said.append(str(error))
    assert len(said) > 30
    assert [each for each in said if f"({code}" not in each or "run it again" not in each] == []
    converge(calls.arm())
    assert converge(calls.arm()) == []


def test_the_operations_are_those_of_a_run():
    assert set(operations(converge)) - {"GetCallerIdentity"} == set(MAKING)


def test_every_change_may_be_the_last_and_the_next_run_completes():
    calls, killed = Calls(), 0
    while True:
        try:
            converge(calls.arm(kill=1))
        except Killed:
            killed += 1
        else:
            break
    assert killed >= 35
    assert converge(calls.arm()) == []
    assert len(boto3.client("kms").list_keys()["Keys"]) == 1


def test_a_run_killed_between_key_and_alias_finds_its_key_again():
    with pytest.raises(Killed):
        converge(Calls().arm(kill=1))
    converge()
    kms = boto3.client("kms")
    assert len(kms.list_keys()["Keys"]) == 1


def test_another_account_is_refused_before_anything_else():
    calls = Calls()
    other = replace(dev(), names=replace(dev().names, account="999999999999"))
    with pytest.raises(BootstrapError, match=r"of account 111122223333; Pulumi\.dev\.yaml names 999999999999"):
        Foundation(calls.session, other)
    assert calls.names == ["GetCallerIdentity"]


@pytest.mark.parametrize("repository", ["octank", "octank/image store", "-x/y", "a/b/c", "*/image-store", "octank/*"])
def test_a_repository_is_named_exactly(repository: str):
    with pytest.raises(BootstrapError, match="owner/name"):
        replace(dev(), repository=repository)


def test_removing_says_first_and_then_leaves_nothing():
    converge()
    calls = Calls()
    said = destroy_all(calls, apply=False)
    assert calls.changes == []
    assert destroy_all() == said
    assert not boto3.client("iam").list_roles()["Roles"]
    assert destroy_all() == [step for step in said if step.startswith("keep")]
    names = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    assert names == ["octank-dev-state-logs-111122223333"]  # somebody's access is on record


def test_an_empty_access_log_goes_as_well():
    converge()
    log = dev().log_bucket
    s3 = remove_guards(log)
    for version in s3.list_object_versions(Bucket=log).get("Versions", []):
        s3.delete_object(Bucket=log, Key=version["Key"], VersionId=version["VersionId"])
    thing = buckets.log_bucket(s3, dev())
    assert [step.change for step in destroy([thing], apply=True)] == ["remove"]
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [dev().state_bucket]


@pytest.mark.parametrize("key", ["image-store/dev.json", "image-store/other.json.gz"])
def test_a_state_that_is_left_stops_the_removal(key: str):
    converge()
    remove_guards(dev().state_bucket).put_object(Bucket=dev().state_bucket, Key=f".pulumi/stacks/{key}", Body=b"{}")
    calls = Calls()
    with pytest.raises(BootstrapError, match=key.partition(".")[0]):
        destroy_all(calls)
    assert calls.changes == []


def test_what_pulumi_leaves_of_removed_stacks_does_not():
    converge()
    s3, bucket = remove_guards(dev().state_bucket), dev().state_bucket
    for key in ("meta.yaml", "history/image-store/dev/dev-1.history.json", "stacks/image-store/dev.json.bak"):
        s3.put_object(Bucket=bucket, Key=f".pulumi/{key}", Body=b"{}")
    s3.put_object(Bucket=bucket, Key=".pulumi/stacks/image-store/dev.json", Body=b"{}")
    s3.delete_object(Bucket=bucket, Key=".pulumi/stacks/image-store/dev.json")
    destroy_all()
    with pytest.raises(ClientError):
        s3.head_bucket(Bucket=bucket)


def test_every_removal_may_be_the_last_and_the_next_completes():
    converge()
    calls, killed = Calls(), 0
    while True:
        try:
            destroy_all(calls.arm(kill=1))
        except Killed:
            killed += 1
        else:
            break
    assert killed >= 20
    assert not boto3.client("iam").list_roles()["Roles"]
    assert [step for step in destroy_all(calls.arm()) if step.startswith("remove")] == []


def test_a_removed_key_is_taken_back():
    converge()
    kms = boto3.client("kms")
    before = kms.describe_key(KeyId=dev().alias)["KeyMetadata"]["KeyId"]
    destroy_all()
    assert kms.describe_key(KeyId=before)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    converge()
    after = kms.describe_key(KeyId=dev().alias)["KeyMetadata"]
    assert (after["KeyId"], after["KeyState"]) == (before, "Enabled")
    assert converge() == []


def test_the_provider_stays_while_another_role_trusts_it():
    converge()
    iam = boto3.client("iam")
    iam.create_role(
        RoleName="another",
        AssumeRolePolicyDocument=f'{{"Statement": [{{"Principal": {{"Federated": "{dev().provider}"}}}}]}}',
    )
    assert f"keep      identity provider {ISSUER}: it is used by another" in destroy_all()
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_the_next_steps_are_exact():
    said = next_steps(dev())
    assert "pulumi login 's3://octank-dev-state-111122223333?region=us-east-1&awssdk=v2'" in said
    assert "--secrets-provider 'awskms://alias/octank-dev/state?region=us-east-1'" in said


def test_another_region_is_named_when_a_bucket_is_made():
    there: Target = replace(dev(), names=replace(dev().names, region="eu-central-1"))
    list(foundation(chosen=there).converge(apply=True))
    where = boto3.client("s3").get_bucket_location(Bucket=there.state_bucket)
    assert where["LocationConstraint"] == "eu-central-1"
    assert list(foundation(chosen=there).converge(apply=True)) == []
    assert there.repository == REPOSITORY
