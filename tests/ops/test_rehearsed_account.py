"""The rehearsed account: the resources that the simulated cloud creates there, and the errors of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rehearsal.account.mirror import Account
from rehearsal.account.process import index_path, run_server
from rehearsal.account.server_patches import evaluate
from rehearsal.cloud.creation import new_resource
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Resource
from rehearsal.scenario import studies

ACCOUNT, REGION = "111122223333", "us-east-1"
KEY = "01234567-89ab-cdef-0123-456789abcdef"
BUCKET = "octank-dev-images"
OUTPUTS = {"imageBucket": BUCKET, "imagePrefix": "images"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("account")


@pytest.fixture(scope="module")
def account(folder: Path) -> Iterator[Account]:
    with run_server(folder, ACCOUNT) as endpoint:
        yield Account(endpoint, REGION)


def resource(token: str, identity: str, inputs: dict[str, Any], **outputs: Any) -> Resource:
    return Resource(
        key=identity, urn=f"urn::x::{token}::{identity}", type=token, id=identity, inputs=inputs, outputs=outputs
    )


def bucket(name: str, **inputs: Any) -> Resource:
    return resource("aws:s3/bucket:Bucket", name, inputs, bucket=name, tagsAll={"project": "octank"})


def put(account: Account, one: Resource) -> None:
    account.put(one, one.inputs)


def bucket_names(account: Account) -> set[str]:
    return {one["Name"] for one in account.clients.s3.list_buckets()["Buckets"]}


def test_a_key_has_the_id_and_the_tags_that_the_cloud_gave_it(account: Account) -> None:
    put(account, resource("aws:kms/key:Key", KEY, {"policy": "{}"}, tagsAll={"project": "octank"}))
    described = account.clients.kms.describe_key(KeyId=KEY)["KeyMetadata"]
    assert described["Arn"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}"
    tagged = account.clients.resourcegroupstaggingapi.get_resources(
        TagFilters=[{"Key": "project", "Values": ["octank"]}]
    )
    assert described["Arn"] in {one["ResourceARN"] for one in tagged["ResourceTagMappingList"]}


def test_a_changed_policy_is_in_effect(account: Account) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/run"
    for action in ("s3:PutObject", "s3:GetObject"):
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        put(account, resource("aws:iam/policy:Policy", arn, {"policy": document}, name="run", arn=arn))
    iam = account.clients.iam
    iam.create_role(RoleName="run", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="run", PolicyArn=arn)
    answer = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/run", ActionNames=["s3:PutObject", "s3:GetObject"]
    )
    assert {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]} == {
        "s3:PutObject": "implicitDeny",
        "s3:GetObject": "allowed",
    }


def test_a_denial_wins() -> None:
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    assert evaluate([allowed, denied], "s3:PutObject", "*") == "explicitDeny"


def test_a_bucket_with_objects_is_not_deleted(account: Account) -> None:
    put(account, bucket("full"))
    account.clients.s3.put_object(Bucket="full", Key="a", Body=b"image")
    with pytest.raises(AwsError, match="BucketNotEmpty"):
        account.delete(bucket("full"))
    assert "full" in bucket_names(account)


def test_force_destroy_deletes_a_bucket_with_all_versions(account: Account) -> None:
    put(account, bucket("emptied"))
    versioning = {"bucket": "emptied", "versioningConfiguration": {"status": "Enabled"}}
    put(account, resource("aws:s3/bucketVersioning:BucketVersioning", "emptied", versioning))
    for body in (b"one", b"two"):
        account.clients.s3.put_object(Bucket="emptied", Key="a", Body=body)
    account.clients.s3.delete_object(Bucket="emptied", Key="a")
    account.delete(bucket("emptied", forceDestroy=True))
    assert "emptied" not in bucket_names(account)


def test_there_are_no_backup_jobs(account: Account) -> None:
    backup = account.clients.backup
    assert backup.list_backup_jobs(ByState="RUNNING")["BackupJobs"] == []
    assert backup.list_copy_jobs(ByState="RUNNING")["CopyJobs"] == []
    assert backup.list_restore_jobs(ByStatus="RUNNING")["RestoreJobs"] == []


def test_the_index_names_every_object_that_was_sent(account: Account, folder: Path) -> None:
    put(account, bucket(BUCKET))
    sent = studies.send(account.clients, OUTPUTS, folder)
    stored = account.clients.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert {(one["Key"], one["Size"]) for one in stored} == {(one.key, one.bytes) for one in sent}
    rows = [json.loads(line) for line in index_path(folder).read_text().splitlines()]
    assert len({one.study for one in sent}) == studies.STUDIES
    assert {row[0] for row in rows} == {one.key.partition("/")[2].partition(".")[0] for one in sent}


def test_an_error_has_the_code_of_aws(account: Account) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        account.clients.s3.list_objects_v2(Bucket="absent")


def test_a_planned_resource_can_be_put_into_moto_in_this_process() -> None:
    inputs = {"bucket": "planned", "forceDestroy": True, "tags": {"data": "phi"}}
    planned = new_resource(
        "aws:s3/bucket:Bucket",
        "urn:pulumi:dev::store::aws:s3/bucket:Bucket::images",
        inputs,
        account=ACCOUNT,
        region=REGION,
        default_tags={"project": "octank"},
    )
    with mock_aws():
        moto = Account(None, REGION)
        moto.put(planned, inputs)
        assert bucket_names(moto) == {"planned"}
        tags = moto.clients.s3.get_bucket_tagging(Bucket="planned")["TagSet"]
        assert {one["Key"]: one["Value"] for one in tags} == {"project": "octank", "data": "phi"}
        moto.clients.s3.put_object(Bucket="planned", Key="a", Body=b"image")
        moto.delete(planned)
        assert bucket_names(moto) == set()
