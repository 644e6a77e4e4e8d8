"""Functions, state machines, event rules and rotation: texts that services parse, permissions checked at creation."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from awsmodel.properties import UNKNOWN
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud
from rehearsal.cloud.validation import Failure, Failures

FUNCTION, MACHINE = "aws:lambda/function:Function", "aws:sfn/stateMachine:StateMachine"
RULE = "aws:cloudwatch/eventRule:EventRule"
ROTATOR = "secretsmanager.amazonaws.com"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
RESERVED_VARIABLES = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"}
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_INTERFACES = {"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"}
MANAGED = {"AWSLambdaENIManagementAccess": _INTERFACES, "AWSLambdaVPCAccessExecutionRole": _INTERFACES}


class Need(NamedTuple):
    """An action that the role in `role` must allow where `feature` is used, and the error if it does not."""

    feature: str
    role: str
    action: str
    code: str
    message: str


_LAMBDA = "The provided execution role does not have permissions to call"
NEEDS = {
    FUNCTION: (
        Need(
            "vpcConfig",
            "role",
            "ec2:CreateNetworkInterface",
            "InvalidParameterValueException",
            f"{_LAMBDA} CreateNetworkInterface on EC2",
        ),
        Need("deadLetterConfig", "role", "sns:Publish", "InvalidParameterValueException", f"{_LAMBDA} Publish on SNS"),
    ),
    MACHINE: (
        Need(
            "loggingConfiguration",
            "roleArn",
            "logs:CreateLogDelivery",
            "AccessDeniedException",
            "The state machine IAM Role is not authorized to access the Log Destination",
        ),
    ),
}


def check_texts(token: str, inputs: dict[str, Any]) -> Failures:
    """Definitions, patterns and variables that their service would reject."""
    definition, pattern = inputs.get("definition"), inputs.get("eventPattern")
    if token == MACHINE and definition is not UNKNOWN:
        found = _json_object(definition)
        if found.get("StartAt") not in found.get("States", {}):
            yield Failure("definition", "InvalidDefinition: it is not JSON, or StartAt is not one of its States")
    if token == RULE and pattern not in (None, UNKNOWN) and not _json_object(pattern):
        yield Failure("eventPattern", "InvalidEventPatternException: Event pattern is not valid")
    if token == FUNCTION:
        variables = (inputs.get("environment") or {}).get("variables") or {}
        for name in sorted(variables.keys() & RESERVED_VARIABLES):
            yield Failure(f"environment.variables.{name}", "InvalidParameterValueException: Lambda reserves this name")


def _json_object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def check_role_permissions(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """Lambda and Step Functions try the role at creation."""
    for need in NEEDS.get(token, ()):
        if need.feature in inputs and need.action not in _allowed_actions(cloud, inputs[need.role]):
            raise AwsError(need.code, need.role, need.message)


def _allowed_actions(cloud: Cloud, role_arn: str) -> set[str]:
    """Actions that the policies attached so far allow."""
    role = cloud.find(role_arn, "aws:iam/role:Role")
    found: set[str] = set()
    for attachment in cloud.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        if role is None or attachment.inputs["role"] != role.outputs["name"]:
            continue
        arn = attachment.inputs["policyArn"]
        found |= MANAGED.get(arn.rpartition("/")[2], set())
        policy = cloud.find(arn, "aws:iam/policy:Policy")
        for statement in json.loads(policy.outputs["policy"])["Statement"] if policy else []:
            found |= set(statement["Action"]) if statement["Effect"] == "Allow" else set()
    return found


def check_rotation(cloud: Cloud, token: str, inputs: dict[str, Any], *, account: str) -> None:
    """Secrets Manager invokes the function as soon as rotation is set up, so the permission must exist by then."""
    if token != "aws:secretsmanager/secretRotation:SecretRotation" or "rotationLambdaArn" not in inputs:
        return
    function = cloud.find(inputs["rotationLambdaArn"], FUNCTION)
    allowed = [
        one.inputs
        for one in cloud.of_type("aws:lambda/permission:Permission")
        if function is not None
        and one.inputs["function"] in function.identifiers()
        and one.inputs["principal"] == ROTATOR
        and one.inputs.get("sourceArn", inputs["secretId"]) == inputs["secretId"]
        and one.inputs.get("sourceAccount", account) == account
    ]
    if not allowed:
        message = "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants"
        raise AwsError("AccessDeniedException", "rotationLambdaArn", f"{message} access to the principal {ROTATOR}")
