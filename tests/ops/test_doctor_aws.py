"""What the doctor finds in an account. Where the simulated AWS lacks a call, a recorded answer stands in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.deploy.doctor.check import Check, run_checks
from ops.deploy.doctor.checks import account, backup, dns, images, quotas, service_linked_roles, state
from ops.deploy.doctor.context import Context, create_context
from ops.deploy.doctor.credentials import find_credentials_problem

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
def dev() -> Context:
    return create_context("dev")


def with_settings(context: Context, **groups: Any) -> Context:
    context.settings = context.settings.model_copy(update=groups)
    return context


def deny(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)


def test_the_account_of_the_settings(dev: Context):
    assert dev.refusal == ""
    assert account.check_identity(dev).state == "ok"


def test_another_account(dev: Context):
    other = dev.settings.account.model_copy(update={"id": "999999999999"})
    result = account.check_identity(with_settings(dev, account=other))
    assert (result.state, "names 999999999999" in result.found) == ("failure", True)


def test_credentials_that_have_expired(dev: Context, monkeypatch: pytest.MonkeyPatch):
    session = boto3.Session()
    error = ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "GetCallerIdentity")
    monkeypatch.setattr(session, "client", lambda *_, **__: Answers(get_caller_identity=error))
    problem = find_credentials_problem(session, "us-east-1")
    assert problem == "AWS does not accept the credentials (ExpiredToken): sign in again"


def test_region_and_zones(dev: Context):
    assert account.check_region(dev).state == account.check_zones(dev).state == "ok"
    off = {"Regions": [{"RegionName": "us-east-1", "OptInStatus": "not-opted-in"}]}
    one = {"AvailabilityZones": [{"ZoneName": "a", "State": "available"}]}
    dev._clients["ec2", "us-east-1"] = Answers(describe_regions=off, describe_availability_zones=one)
    assert account.check_region(dev).state == account.check_zones(dev).state == "failure"


def with_quotas(context: Context, value: float) -> Context:
    """The account's quotas all have `value`, and nothing of the stack is there."""
    answer = {"Quota": {"Value": value}}
    context._clients["service-quotas", "us-east-1"] = Answers(get_service_quota=answer)
    return context


def quota(name: str) -> quotas.Quota:
    return next(each for each in quotas.QUOTAS if each.name == name)


@pytest.mark.parametrize(("value", "expected"), [(5, "ok"), (2, "warning"), (1, "failure")])
def test_what_the_plan_adds_is_counted(dev: Context, value: float, expected: str):
    """The account has one VPC, its default one."""
    result = quotas.check_quota(quota("VPCs"), with_quotas(dev, value))
    assert (result.state, result.found.startswith("1 needed, 1 used")) == (expected, True), result


def test_what_is_deployed_is_not_counted_twice(dev: Context):
    ec2 = boto3.client("ec2")
    tags = [
        {"Key": key, "Value": value} for key, value in (("project", "octank"), ("env", "dev"), ("managed-by", "pulumi"))
    ]
    ec2.create_vpc(CidrBlock="10.20.0.0/20", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    assert quotas.check_quota(quota("VPCs"), with_quotas(dev, 3)).state == "ok"


def test_what_the_stack_has_none_of_is_not_asked(dev: Context):
    assert quotas.check_quota(quota("client VPN endpoints"), dev).state == "skipped"


@pytest.mark.parametrize(("value", "expected"), [(6, "ok"), (3, "warning"), (2, "failure")])
def test_fargate_is_counted_at_its_largest(dev: Context, value: float, expected: str):
    """dev: two web tasks of 0.25 and two app tasks of 0.5 vCPU on Spot, twice while they are replaced."""
    assert quotas.count_vcpus(dev, spot=True) == 3
    assert quotas.check_fargate(with_quotas(dev, value), spot=True).state == expected
    assert quotas.check_fargate(dev, spot=False).state == "skipped"


def with_functions(context: Context, *reserved: int | None, limit: int) -> Context:
    """The plan has functions that reserve `reserved`; the account has `limit` executions, none of them reserved."""
    functions = [SimpleNamespace(inputs={"reservedConcurrentExecutions": each}) for each in reserved]
    context.__dict__["plan"] = SimpleNamespace(of_type=lambda _: functions)
    answer = {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}}
    context._clients["lambda", "us-east-1"] = Answers(get_account_settings=answer)
    return context


@pytest.mark.parametrize(
    ("reserved", "limit", "expected"),
    [
        ((1, 1), 1000, "ok"),
        ((1, 1), 12, "warning"),
        ((1, 1), 10, "failure"),
        ((None, -1), 10, "ok"),
        ((), 10, "skipped"),
    ],
)
def test_lambda_keeps_ten_executions_unreserved(
    dev: Context, reserved: tuple[int | None, ...], limit: int, expected: str
):
    result = quotas.check_concurrency(with_functions(dev, *reserved, limit=limit))
    assert (result.state, "--quota-code L-B99A9384" in result.remedy) == (
        expected,
        expected in {"failure", "warning"},
    ), result


@pytest.mark.parametrize(
    ("opted_in", "expected"), [({"Aurora": True}, "ok"), ({"Aurora": False, "S3": True}, "failure"), ({}, "failure")]
)
def test_aws_backup_is_opted_in_to_aurora(dev: Context, opted_in: dict[str, bool], expected: str):
    answer = {"ResourceTypeOptInPreference": opted_in}
    dev._clients["backup", "us-east-1"] = Answers(describe_region_settings=answer)
    result = backup.check_opt_in(dev)
    assert (result.state, "Aurora=true" in result.remedy) == (expected, expected == "failure"), result


def test_a_quota_that_was_never_raised_has_the_default(dev: Context):
    client = Answers(get_aws_default_service_quota={"Quota": {"Value": 5.0}})
    client.answers["get_service_quota"] = client.exceptions.NoSuchResourceException({"Error": {}}, "GetServiceQuota")
    dev._clients["service-quotas", "us-east-1"] = client
    assert quotas.read_quota(dev, "vpc", "L-F678F1CE") == 5


def test_what_may_not_be_asked_is_skipped(dev: Context):
    dev._clients["service-quotas", "us-east-1"] = Answers(get_service_quota=deny("GetServiceQuota"))
    check = Check(name="quota", run=lambda context: quotas.check_quota(quota("VPCs"), context), aws=True)
    ((_, result),) = run_checks([check], dev)
    assert (result.state, "GetServiceQuota" in result.found) == ("skipped", True)


def test_every_quota_is_of_something_that_a_plan_has(plans: Any):
    declared = {each.type for stack in ("dev", "prod") for each in plans(stack).resources}
    assert {kind for each in quotas.QUOTAS for kind in each.types} <= declared
    assert {kind for each in service_linked_roles.ROLES for kind in each.types} <= declared


def test_linked_roles(dev: Context):
    ecs = service_linked_roles.ROLES[0]
    vpn = next(each for each in service_linked_roles.ROLES if "ClientVPN" in each.name)
    assert service_linked_roles.check_role(ecs, dev).state == "warning"
    boto3.client("iam").create_role(RoleName=ecs.name, AssumeRolePolicyDocument="{}")
    assert service_linked_roles.check_role(ecs, dev).state == "ok"
    assert service_linked_roles.check_role(vpn, dev).state == "skipped"


def test_the_hosted_zone(dev: Context):
    route53 = boto3.client("route53")
    assert dns.check_zone(dev).state == "failure"
    made = route53.create_hosted_zone(Name="octank.example", CallerReference="1")["HostedZone"]["Id"]
    here = dev.settings.dns.model_copy(update={"zone_id": made.rpartition("/")[2]})
    assert dns.check_zone(with_settings(dev, dns=here)).state == "ok"
    strange = here.model_copy(update={"name": "images.notoctank.example"})
    assert "is not in octank.example" in dns.check_zone(with_settings(dev, dns=strange)).found


def test_a_private_zone(dev: Context):
    zone = {"HostedZone": {"Name": "octank.example.", "Config": {"PrivateZone": True}}}
    client = Answers(get_hosted_zone=zone)
    client.exceptions = type("Exceptions", (), {"NoSuchHostedZone": KeyError})
    dev._clients["route53", "us-east-1"] = client
    assert "private zone" in dns.check_zone(dev).found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({"ns-1.example", "ns-2.example"}, "ok"), ({"ns.old.example"}, "failure"), (set(), "failure"), (None, "warning")],
)
def test_the_delegation(dev: Context, monkeypatch: pytest.MonkeyPatch, asked: set[str] | None, expected: str):
    zone = {
        "HostedZone": {"Name": "octank.example."},
        "DelegationSet": {"NameServers": ["NS-1.example.", "ns-2.example"]},
    }
    dev._clients["route53", "us-east-1"] = Answers(get_hosted_zone=zone)
    monkeypatch.setattr(dns, "query_name_servers", lambda _: asked)
    assert dns.check_delegation(dev).state == expected


def test_image_digests(dev: Context):
    assert images.check_digests(dev).state == "skipped"
    named = with_settings(dev, images=dev.settings.images.model_copy(update={"nginx": DIGEST}))
    assert images.check_digests(named).state == "failure"
    boto3.client("ecr").create_repository(repositoryName="octank-dev-nginx")
    assert images.check_digests(named).state == "failure"
    named._clients["ecr", "us-east-1"] = Answers(describe_images={"imageDetails": [{}]})
    assert images.check_digests(named).state == "ok"


def test_the_state_bucket(dev: Context, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states?region=us-east-1&awssdk=v2")
    assert state.check_bucket(dev).state == "failure"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="states")
    assert "keeps no old states" in state.check_bucket(dev).found
    s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})
    assert state.check_bucket(dev).state == "ok"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///states")
    assert state.check_bucket(dev).state == "skipped"


def test_the_state_key(dev: Context, tmp_path: Any):
    dev.folder = tmp_path
    (tmp_path / "Pulumi.dev.yaml").write_text("secretsprovider: awskms://alias/octank-dev/state?region=us-east-1\n")
    assert state.check_key(dev).state == "failure"
    kms = boto3.client("kms")
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/octank-dev/state", TargetKeyId=made)
    assert state.check_key(dev).state == "ok"
    kms.disable_key(KeyId=made)
    assert "Disabled" in state.check_key(dev).found
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    assert state.check_key(dev).state == "skipped"
