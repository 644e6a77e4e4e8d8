"""What the doctor finds in an account. Where the simulated AWS lacks a call, a recorded answer stands in."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.deploy.doctor import account, dns, images, linked, quotas, state
from ops.deploy.doctor.check import Check, Patient, examine
from ops.deploy.doctor.checks import patient

pytestmark = pytest.mark.usefixtures("aws")
DIGEST = f"sha256:{'a' * 64}"


class Answers:
    """A client that answers as told; an answer that is an error is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        missing = type("Missing", (ClientError,), {})
        self.exceptions: Any = type("Exceptions", (), {"NoSuchResourceException": missing})

    def can_paginate(self, _: str) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture
def dev() -> Patient:
    return patient("dev")


def settled(examined: Patient, **groups: Any) -> Patient:
    examined.settings = examined.settings.model_copy(update=groups)
    return examined


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)


def test_the_account_of_the_settings(dev: Patient):
    assert dev.refusal == ""
    assert account.identity(dev).state == "ok"


def test_another_account(dev: Patient):
    other = dev.settings.account.model_copy(update={"id": "999999999999"})
    result = account.identity(settled(dev, account=other))
    assert (result.state, "names 999999999999" in result.found) == ("failure", True)


def test_credentials_that_have_expired(dev: Patient, monkeypatch: pytest.MonkeyPatch):
    session = boto3.Session()
    error = ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "GetCallerIdentity")
    monkeypatch.setattr(session, "client", lambda *_, **__: Answers(get_caller_identity=error))
    assert account.refusal(session, "us-east-1") == "AWS does not accept the credentials (ExpiredToken): sign in again"


def test_region_and_zones(dev: Patient):
    assert account.region(dev).state == account.zones(dev).state == "ok"
    off = {"Regions": [{"RegionName": "us-east-1", "OptInStatus": "not-opted-in"}]}
    one = {"AvailabilityZones": [{"ZoneName": "a", "State": "available"}]}
    dev._clients["ec2", "us-east-1"] = Answers(describe_regions=off, describe_availability_zones=one)
    assert account.region(dev).state == account.zones(dev).state == "failure"


def allowed(examined: Patient, value: float) -> Patient:
    """The account's quotas all have `value`, and nothing of the stack is there."""
    answer = {"Quota": {"Value": value}}
    examined._clients["service-quotas", "us-east-1"] = Answers(get_service_quota=answer)
    return examined


def quota(name: str) -> quotas.Quota:
    return next(each for each in quotas.QUOTAS if each.name == name)


@pytest.mark.parametrize(("value", "expected"), [(5, "ok"), (2, "warning"), (1, "failure")])
def test_what_the_plan_adds_is_counted(dev: Patient, value: float, expected: str):
    """The account has one VPC, its default one."""
    result = quotas.counted(quota("VPCs"), allowed(dev, value))
    assert (result.state, result.found.startswith("1 needed, 1 used")) == (expected, True), result


def test_what_is_deployed_is_not_counted_twice(dev: Patient):
    ec2 = boto3.client("ec2")
    tags = [
        {"Key": key, "Value": value} for key, value in (("project", "octank"), ("env", "dev"), ("managed-by", "pulumi"))
    ]
    ec2.create_vpc(CidrBlock="10.20.0.0/20", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    assert quotas.counted(quota("VPCs"), allowed(dev, 3)).state == "ok"


def test_what_the_stack_has_none_of_is_not_asked(dev: Patient):
    assert quotas.counted(quota("client VPN endpoints"), dev).state == "skipped"


@pytest.mark.parametrize(("value", "expected"), [(6, "ok"), (3, "warning"), (2, "failure")])
def test_fargate_is_counted_at_its_largest(dev: Patient, value: float, expected: str):
    """dev: two web tasks of 0.25 and two app tasks of 0.5 vCPU on Spot, twice while they are replaced."""
    assert quotas.vcpus(dev, spot=True) == 3
    assert quotas.fargate(allowed(dev, value), spot=True).state == expected
    assert quotas.fargate(dev, spot=False).state == "skipped"


def test_a_quota_that_was_never_raised_has_the_default(dev: Patient):
    client = Answers(get_aws_default_service_quota={"Quota": {"Value": 5.0}})
    client.answers["get_service_quota"] = client.exceptions.NoSuchResourceException({"Error": {}}, "GetServiceQuota")
    dev._clients["service-quotas", "us-east-1"] = client
    assert quotas.limit(dev, "vpc", "L-F678F1CE") == 5


def test_what_may_not_be_asked_is_skipped(dev: Patient):
    dev._clients["service-quotas", "us-east-1"] = Answers(get_service_quota=denied("GetServiceQuota"))
    check = Check(name="quota", run=lambda examined: quotas.counted(quota("VPCs"), examined), aws=True)
    ((_, result),) = examine([check], dev)
    assert (result.state, "GetServiceQuota" in result.found) == ("skipped", True)


def test_every_quota_is_of_something_that_a_plan_has(plans: Any):
    declared = {each.type for stack in ("dev", "prod") for each in plans(stack).resources}
    assert {kind for each in quotas.QUOTAS for kind in each.types} <= declared
    assert {kind for each in linked.ROLES for kind in each.types} <= declared


def test_linked_roles(dev: Patient):
    ecs, vpn = linked.ROLES[0], next(each for each in linked.ROLES if "ClientVPN" in each.name)
    assert linked.present(ecs, dev).state == "warning"
    boto3.client("iam").create_role(RoleName=ecs.name, AssumeRolePolicyDocument="{}")
    assert linked.present(ecs, dev).state == "ok"
    assert linked.present(vpn, dev).state == "skipped"


def test_the_hosted_zone(dev: Patient):
    route53 = boto3.client("route53")
    assert dns.zone(dev).state == "failure"
    made = route53.create_hosted_zone(Name="octank.example", CallerReference="1")["HostedZone"]["Id"]
    here = dev.settings.dns.model_copy(update={"zone_id": made.rpartition("/")[2]})
    assert dns.zone(settled(dev, dns=here)).state == "ok"
    strange = here.model_copy(update={"name": "images.notoctank.example"})
    assert "is not in octank.example" in dns.zone(settled(dev, dns=strange)).found


def test_a_private_zone(dev: Patient):
    zone = {"HostedZone": {"Name": "octank.example.", "Config": {"PrivateZone": True}}}
    client = Answers(get_hosted_zone=zone)
    client.exceptions = type("Exceptions", (), {"NoSuchHostedZone": KeyError})
    dev._clients["route53", "us-east-1"] = client
    assert "private zone" in dns.zone(dev).found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({"ns-1.example", "ns-2.example"}, "ok"), ({"ns.old.example"}, "failure"), (set(), "failure"), (None, "warning")],
)
def test_the_delegation(dev: Patient, monkeypatch: pytest.MonkeyPatch, asked: set[str] | None, expected: str):
    zone = {
        "HostedZone": {"Name": "octank.example."},
        "DelegationSet": {"NameServers": ["NS-1.example.", "ns-2.example"]},
    }
    dev._clients["route53", "us-east-1"] = Answers(get_hosted_zone=zone)
    monkeypatch.setattr(dns, "servers", lambda _: asked)
    assert dns.delegation(dev).state == expected


def test_image_digests(dev: Patient):
    assert images.digests(dev).state == "skipped"
    named = settled(dev, images=dev.settings.images.model_copy(update={"nginx": DIGEST}))
    assert images.digests(named).state == "failure"
    boto3.client("ecr").create_repository(repositoryName="octank-dev-nginx")
    assert images.digests(named).state == "failure"
    named._clients["ecr", "us-east-1"] = Answers(describe_images={"imageDetails": [{}]})
    assert images.digests(named).state == "ok"


def test_the_state_bucket(dev: Patient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states?region=us-east-1&awssdk=v2")
    assert state.bucket(dev).state == "failure"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="states")
    assert "keeps no old states" in state.bucket(dev).found
    s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})
    assert state.bucket(dev).state == "ok"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///states")
    assert state.bucket(dev).state == "skipped"


def test_the_state_key(dev: Patient, tmp_path: Any):
    dev.folder = tmp_path
    (tmp_path / "Pulumi.dev.yaml").write_text("secretsprovider: awskms://alias/octank-dev/state?region=us-east-1\n")
    assert state.key(dev).state == "failure"
    kms = boto3.client("kms")
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/octank-dev/state", TargetKeyId=made)
    assert state.key(dev).state == "ok"
    kms.disable_key(KeyId=made)
    assert "Disabled" in state.key(dev).found
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    assert state.key(dev).state == "skipped"
