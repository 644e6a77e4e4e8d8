"""Roles that their service cannot assume: the wrong principal, or a condition on a key that the service does not send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from tests.unit.simulated import ACCOUNT, Simulated

FUNCTION = "aws:lambda/function:Function"
OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def role(simulated: Simulated, service: str, **statement: Any) -> str:
    """ARN of a role that trusts `service`."""
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **statement}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    return simulated.create("aws:iam/role:Role", "role", {"name": "role", "assumeRolePolicy": trust})["arn"]


def create_function(simulated: Simulated, arn: str) -> dict[str, Any]:
    return simulated.create(FUNCTION, "rotate", {"name": "rotate", "role": arn})


def create_trail(simulated: Simulated, arn: str) -> dict[str, Any]:
    simulated.create("aws:s3/bucket:Bucket", "audit", {"bucket": "audit"})
    group = simulated.create("aws:cloudwatch/logGroup:LogGroup", "trail", {"name": "trail"})["arn"]
    logs = {"cloudWatchLogsGroupArn": f"{group}:*", "cloudWatchLogsRoleArn": arn}
    return simulated.create("aws:cloudtrail/trail:Trail", "trail", {"name": "trail", "s3BucketName": "audit", **logs})


def test_a_role_that_trusts_another_service_is_refused(simulated: Simulated) -> None:
    with pytest.raises(AwsError, match="cannot be assumed by Lambda") as caught:
        create_function(simulated, role(simulated, "ecs-tasks.amazonaws.com"))
    assert (caught.value.code, caught.value.path) == ("InvalidParameterValueException", "role")


def test_a_role_that_denies_its_service_is_refused(simulated: Simulated) -> None:
    with pytest.raises(AwsError, match="cannot be assumed by Lambda"):
        create_function(simulated, role(simulated, "lambda.amazonaws.com", Effect="Deny"))


def test_a_role_with_a_condition_on_a_key_that_its_service_sends_is_accepted(simulated: Simulated) -> None:
    create_function(simulated, role(simulated, "lambda.amazonaws.com", Condition=OWN_ACCOUNT))


@pytest.mark.parametrize("key", ["aws:SourceAccount", "aws:SourceArn"])
def test_cloudtrail_sends_no_source_with_its_role(simulated: Simulated, key: str) -> None:
    condition = {"StringLike": {key: "*"}}
    with pytest.raises(AwsError, match="Check the trust relationships for your role") as caught:
        create_trail(simulated, role(simulated, "cloudtrail.amazonaws.com", Condition=condition))
    assert (caught.value.code, caught.value.path) == ("InvalidCloudWatchLogsRoleArnException", "cloudWatchLogsRoleArn")


def test_a_trail_accepts_a_role_without_a_condition(simulated: Simulated) -> None:
    assert create_trail(simulated, role(simulated, "cloudtrail.amazonaws.com"))["name"] == "trail"


def test_a_role_outside_the_stack_is_not_examined(simulated: Simulated) -> None:
    stream = {
        "name": "s",
        "destination": "splunk",
        "splunkConfiguration": splunk("arn:aws:iam::999999999999:role/other"),
    }
    assert simulated.create("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "s", stream)["name"] == "s"


def test_a_nested_role_is_examined(simulated: Simulated) -> None:
    stream = {"name": "s", "destination": "splunk", "splunkConfiguration": splunk(role(simulated, "s3.amazonaws.com"))}
    with pytest.raises(AwsError, match="Firehose is unable to assume the role") as caught:
        simulated.create("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "s", stream)
    assert caught.value.path == "splunkConfiguration.s3Configuration.roleArn"


def splunk(arn: str) -> dict[str, Any]:
    backup = {"bucketArn": "arn:aws:s3:::failed", "roleArn": arn}
    return {"hecEndpoint": "https://splunk.example", "hecToken": "t", "s3Configuration": backup}
