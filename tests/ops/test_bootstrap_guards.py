"""What is not ours is refused; what is ours and differs is brought in line. Each difference is made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from moto.iam.models import iam_backends

from ops.deploy.bootstrap.target import ISSUER, BootstrapError
from tests.ops.accounts import ACCOUNT, Calls, aws_policies, converge, dev

pytestmark = pytest.mark.usefixtures("account")
BUCKET, LOG = "octank-dev-state-111122223333", "octank-dev-state-logs-111122223333"
DEPLOY, PREVIEW = "octank-dev-pipeline-deploy", "octank-dev-pipeline-preview"
OPEN = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
ANYBODY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
)
NOTHING_BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)


@pytest.fixture
def account(aws: None) -> None:
    aws_policies()


def client(service: str) -> Any:
    return boto3.client(service)


def key() -> str:
    return client("kms").describe_key(KeyId=dev().alias)["KeyMetadata"]["KeyId"]


def arn(name: str) -> str:
    return dev().iam(f"policy/{name}")


def sse_s3() -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client("s3").put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})


def administrator() -> None:
    more = client("iam").create_policy(PolicyName="more", PolicyDocument=OPEN)["Policy"]["Arn"]
    client("iam").attach_role_policy(RoleName=PREVIEW, PolicyArn=more)


def widen() -> None:
    """As somebody would in the console: the old versions stay, until AWS keeps no more."""
    for _ in range(4):
        client("iam").create_policy_version(
            PolicyArn=arn("octank-dev-boundary"), PolicyDocument=OPEN, SetAsDefault=True
        )


DRIFT: dict[str, tuple[Callable[[], object], str]] = {
    "key disabled": (lambda: client("kms").disable_key(KeyId=key()), "key alias/octank-dev/state: usable"),
    "rotation off": (
        lambda: client("kms").disable_key_rotation(KeyId=key()),
        "key alias/octank-dev/state: yearly rotation",
    ),
    "key policy": (
        lambda: client("kms").put_key_policy(KeyId=key(), PolicyName="default", Policy=OPEN),
        "key alias/octank-dev/state: policy",
    ),
    "alias gone": (
        lambda: client("kms").delete_alias(AliasName=dev().alias),
        "key alias/octank-dev/state: alias",
    ),
    "bucket tags": (
        lambda: client("s3").put_bucket_tagging(
            Bucket=BUCKET, Tagging={"TagSet": [{"Key": "made-by", "Value": "image-store-bootstrap"}]}
        ),
        f"bucket {BUCKET}: tags",
    ),
    "public": (
        lambda: client("s3").put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=NOTHING_BLOCKED),
        f"bucket {BUCKET}: public access block",
    ),
    "unblocked": (
        lambda: client("s3").delete_public_access_block(Bucket=LOG),
        f"bucket {LOG}: public access block",
    ),
    "ACLs": (
        lambda: client("s3").put_bucket_ownership_controls(
            Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        f"bucket {BUCKET}: ownership",
    ),
    "versions suspended": (
        lambda: client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}),
        f"bucket {BUCKET}: versioning",
    ),
    "another key": (sse_s3, f"bucket {BUCKET}: encryption"),
    "no policy": (lambda: client("s3").delete_bucket_policy(Bucket=BUCKET), f"bucket {BUCKET}: policy"),
    "no lifecycle": (lambda: client("s3").delete_bucket_lifecycle(Bucket=BUCKET), f"bucket {BUCKET}: lifecycle"),
    "no access log": (
        lambda: client("s3").put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus={}),
        f"bucket {BUCKET}: access log",
    ),
    "boundary widened": (widen, "policy octank-dev-boundary: document"),
    "policy tags": (
        lambda: client("iam").untag_policy(PolicyArn=arn("octank-dev-boundary"), TagKeys=["owner"]),
        "policy octank-dev-boundary: tags",
    ),
    "role tags": (lambda: client("iam").untag_role(RoleName=DEPLOY, TagKeys=["owner"]), f"role {DEPLOY}: tags"),
    "trust": (
        lambda: client("iam").update_assume_role_policy(RoleName=DEPLOY, PolicyDocument=ANYBODY),
        f"role {DEPLOY}: trust",
    ),
    "session": (
        lambda: client("iam").update_role(RoleName=DEPLOY, MaxSessionDuration=43200),
        f"role {DEPLOY}: maximum session",
    ),
    "no boundary": (
        lambda: client("iam").delete_role_permissions_boundary(RoleName=DEPLOY),
        f"role {DEPLOY}: permissions boundary",
    ),
    "administrator": (administrator, f"role {PREVIEW}: policies"),
    "policy detached": (
        lambda: client("iam").detach_role_policy(RoleName=DEPLOY, PolicyArn=arn("octank-dev-pipeline-deploy-data")),
        f"role {DEPLOY}: policies",
    ),
    "inline policy": (
        lambda: client("iam").put_role_policy(RoleName=DEPLOY, PolicyName="more", PolicyDocument=OPEN),
        f"role {DEPLOY}: no inline policies",
    ),
}


@pytest.fixture
def foreign_key() -> None:
    kms = boto3.client("kms")
    kms.create_alias(AliasName=dev().alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def test_every_difference_is_repaired_and_nothing_else_touched():
    converge()
    calls = Calls()
    for what, (change, repaired) in DRIFT.items():
        change()
        assert converge(calls.arm()) == [f"repair    {repaired}"], what
        assert len(calls.changes) <= 2, what
    assert converge(calls.arm()) == []


def test_tags_of_others_stay():
    converge()
    s3 = boto3.client("s3")
    tags = [*s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"], {"Key": "team", "Value": "platform"}]
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [tag for tag in tags if tag["Key"] != "owner"]})
    converge()
    assert {"Key": "team", "Value": "platform"} in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]


def assert_refused(message: str) -> None:
    calls = Calls()
    with pytest.raises(BootstrapError, match=message):
        converge(calls)
    assert calls.changes == []


def test_a_foreign_key_is_refused(foreign_key: None):
    assert_refused("names a key that was not created by this command")


@pytest.mark.parametrize("tags", [[], [{"Key": "team", "Value": "other"}]])
def test_a_foreign_bucket_is_refused(tags: list[dict[str, str]]):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="theirs")
    if tags:
        s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
    assert_refused(f"bucket {BUCKET} exists and was not created by this command")


def test_a_bucket_of_another_account_is_refused(monkeypatch: pytest.MonkeyPatch):
    calls = Calls().arm(fail="HeadBucket", status=403, code="403")
    with pytest.raises(BootstrapError, match="AWS refused HeadBucket"):
        converge(calls)
    assert calls.changes == []


def test_a_foreign_role_is_refused():
    boto3.client("iam").create_role(RoleName=DEPLOY, AssumeRolePolicyDocument=OPEN)
    assert_refused(f"role {DEPLOY} exists and was not created by this command")


def test_a_foreign_policy_is_refused():
    boto3.client("iam").create_policy(PolicyName="octank-dev-boundary", PolicyDocument=OPEN)
    assert_refused("policy octank-dev-boundary exists and was not created by this command")


def test_a_provider_of_others_is_used_as_it_is_and_stays():
    iam = boto3.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com", "other"])
    assert not [step for step in converge() if ISSUER in step]
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_our_provider_is_given_the_audience():
    converge()
    provider = iam_backends[ACCOUNT]["aws"].open_id_providers[dev().provider]
    provider.client_id_list.clear()
    assert converge(apply=False) == [f"repair    identity provider {ISSUER}: audience"]
    with pytest.raises(BootstrapError, match="AddClientID"):
        converge(Calls().arm(fail="AddClientIDToOpenIDConnectProvider"))


def test_a_provider_of_others_without_the_audience_is_refused():
    boto3.client("iam").create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["other"])
    assert_refused("does not admit the audience sts.amazonaws.com")
