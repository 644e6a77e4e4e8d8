"""Functions, state machines, event rules and rotated secrets: what AWS creates, and what it rejects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from tests.unit.simulated import ACCOUNT, REGION, Simulated
from tests.unit.test_cloud_live import TRUST, refusal_of

CLUSTER, SECRET = "aws:rds/cluster:Cluster", "aws:secretsmanager/secret:Secret"
FUNCTION, PERMISSION = "aws:lambda/function:Function", "aws:lambda/permission:Permission"
ROTATION, INVOCATION = "aws:secretsmanager/secretRotation:SecretRotation", "aws:lambda/invocation:Invocation"
MACHINE, RULE = "aws:sfn/stateMachine:StateMachine", "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/run"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
DEFINITION = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
PATTERN = {"name": "rotated", "eventPattern": json.dumps({"source": ["aws.secretsmanager"]})}
MANAGED = {
    "engine": "aurora-postgresql",
    "clusterIdentifier": "study",
    "skipFinalSnapshot": True,
    "masterUsername": "storeadmin",
    "manageMasterUserPassword": True,
}

AT_CHECK: list[tuple[str, str, dict[str, Any], str]] = [
    ("a password beside RDS's own", CLUSTER, {**MANAGED, "masterPasswordWo": "x"}, "masterPasswordWo"),
    ("a machine that is not JSON", MACHINE, {"roleArn": ROLE_ARN, "definition": "{'StartAt': 1}"}, "definition"),
    ("a start that is no state", MACHINE, {"roleArn": ROLE_ARN, "definition": '{"StartAt": "A"}'}, "definition"),
    ("an event pattern that is not JSON", RULE, {"name": "r", "eventPattern": "source: aws"}, "eventPattern"),
    (
        "a variable that Lambda sets itself",
        FUNCTION,
        {"role": ROLE_ARN, "environment": {"variables": {"AWS_REGION": REGION}}},
        "environment.variables.AWS_REGION",
    ),
]


@pytest.mark.parametrize(("token", "inputs", "path"), [row[1:] for row in AT_CHECK], ids=[row[0] for row in AT_CHECK])
def test_a_preview_already_refuses(simulated: Simulated, token: str, inputs: dict[str, Any], path: str) -> None:
    _, found = simulated.check(token, "mistaken", inputs)
    assert [failure for failure in found if failure.startswith(f"{path}:")], f"no failure names {path}: {found}"


def test_the_same_without_the_mistake_is_accepted(simulated: Simulated) -> None:
    assert simulated.check(CLUSTER, "cluster", MANAGED)[1] == []
    assert simulated.check(MACHINE, "machine", {"roleArn": ROLE_ARN, "definition": DEFINITION})[1] == []
    assert simulated.check(RULE, "rule", PATTERN)[1] == []


def role(simulated: Simulated, *, managed: str = "", actions: tuple[str, ...] = ()) -> str:
    """A role's ARN, with an AWS managed policy or one of `actions`."""
    made = simulated.create("aws:iam/role:Role", "run", {"name": "run", "assumeRolePolicy": TRUST})
    arn = f"arn:aws:iam::aws:policy/service-role/{managed}"
    if actions:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["*"]}
        inputs = {"name": "run", "policy": json.dumps({"Statement": [statement]})}
        arn = simulated.create("aws:iam/policy:Policy", "run", inputs)["arn"]
    if managed or actions:
        attachment = {"role": "run", "policyArn": arn}
        simulated.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "run", attachment)
    return made["arn"]


def function(simulated: Simulated) -> dict[str, Any]:
    return simulated.create(FUNCTION, "rotation", {"name": "rotation", "role": role(simulated)})


def in_network(simulated: Simulated) -> dict[str, Any]:
    network = simulated.network()
    group = simulated.create("aws:ec2/securityGroup:SecurityGroup", "g", {"vpcId": network["vpc"], "description": "x"})
    return {"subnetIds": network["subnets"], "securityGroupIds": [group["id"]]}


def test_arns_have_the_forms_of_their_services(simulated: Simulated) -> None:
    assert function(simulated)["arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotation"
    assert simulated.create(RULE, "rule", PATTERN)["arn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/rotated"
    machine = simulated.create(MACHINE, "m", {"name": "redeploy", "roleArn": ROLE_ARN, "definition": DEFINITION})
    assert machine["arn"] == f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:redeploy"


def test_a_function_in_a_vpc_needs_a_role_that_creates_interfaces(simulated: Simulated) -> None:
    inputs = {"name": "rotation", "role": role(simulated), "vpcConfig": in_network(simulated)}
    error = refusal_of(simulated, FUNCTION, inputs)
    assert (error.code, error.path) == ("InvalidParameterValueException", "role")
    assert "CreateNetworkInterface" in str(error)


@pytest.mark.parametrize("managed", ["AWSLambdaENIManagementAccess", "AWSLambdaVPCAccessExecutionRole"])
def test_a_managed_policy_lets_a_function_into_a_vpc(simulated: Simulated, managed: str) -> None:
    inputs = {"name": "rotation", "role": role(simulated, managed=managed), "vpcConfig": in_network(simulated)}
    assert simulated.create(FUNCTION, "rotation", inputs)["id"] == "rotation"


def test_a_dead_letter_needs_a_role_that_publishes(simulated: Simulated) -> None:
    topic = simulated.create("aws:sns/topic:Topic", "alarms", {"name": "alarms"})
    letter = {"deadLetterConfig": {"targetArn": topic["arn"]}}
    run = role(simulated, actions=("sns:Subscribe",))
    assert "Publish on SNS" in str(refusal_of(simulated, FUNCTION, {"name": "rotation", "role": run, **letter}))


def test_a_role_that_publishes_is_accepted(simulated: Simulated) -> None:
    topic = simulated.create("aws:sns/topic:Topic", "alarms", {"name": "alarms"})
    inputs = {"role": role(simulated, actions=("sns:Publish",)), "deadLetterConfig": {"targetArn": topic["arn"]}}
    assert simulated.create(FUNCTION, "rotation", {"name": "rotation", **inputs})["id"] == "rotation"


def test_a_machine_that_logs_needs_a_role_that_delivers(simulated: Simulated) -> None:
    group = simulated.create("aws:cloudwatch/logGroup:LogGroup", "logs", {"name": "/aws/vendedlogs/states/x"})
    logging = {"loggingConfiguration": {"level": "ERROR", "logDestination": f"{group['arn']}:*"}}
    run = role(simulated, actions=("logs:PutLogEvents",))
    assert (
        refusal_of(simulated, MACHINE, {"name": "m", "roleArn": run, "definition": DEFINITION, **logging}).path
        == "roleArn"
    )


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (INVOCATION, {"functionName": "none", "input": "{}"}, "functionName"),
        (PERMISSION, {"function": "none", "action": "lambda:InvokeFunction", "principal": "x"}, "function"),
        (TARGET, {"rule": "none", "targetId": "t", "arn": QUEUE_ARN}, "rule"),
    ],
)
def test_a_reference_to_nothing_is_refused(simulated: Simulated, token: str, inputs: dict[str, Any], path: str) -> None:
    assert refusal_of(simulated, token, inputs).path == path


def test_an_invocation_has_a_result_and_is_repeated_when_its_trigger_changes(simulated: Simulated) -> None:
    function(simulated)
    made = simulated.create(INVOCATION, "prepare", {"functionName": "rotation", "input": "{}"})
    assert json.loads(made["result"]) == {}
    assert simulated.provider.replaces(INVOCATION, ["triggers"]) == ["triggers"]


INVOKER = {"principal": "secretsmanager.amazonaws.com", "action": "lambda:InvokeFunction", "function": "rotation"}


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, True),
        ({"sourceArn": "own", "sourceAccount": ACCOUNT}, True),
        ({"sourceArn": "other"}, False),
        ({"sourceAccount": "444455556666"}, False),
        ({"principal": "events.amazonaws.com"}, False),
        (None, False),
    ],
    ids=["any secret", "this secret", "another secret", "another account", "another service", "nobody"],
)
def test_a_rotation_needs_a_function_that_secrets_manager_may_call(
    simulated: Simulated, changes: dict[str, str] | None, *, taken: bool
) -> None:
    arn = function(simulated)["arn"]
    secrets = {name: simulated.create(SECRET, name, {"name": name})["arn"] for name in ("own", "other")}
    if changes is not None:
        named = {key: secrets.get(value, value) for key, value in changes.items()}
        simulated.create(PERMISSION, "invoker", INVOKER | named)
    rules = {"automaticallyAfterDays": 30}
    inputs = {"secretId": secrets["own"], "rotationLambdaArn": arn, "rotationRules": rules}
    if taken:
        simulated.create(ROTATION, "rotation", inputs)
    else:
        error = refusal_of(simulated, ROTATION, inputs)
        assert (error.code, error.path) == ("AccessDeniedException", "rotationLambdaArn")
        assert "Secrets Manager cannot invoke the specified Lambda function" in str(error)


def test_a_rule_with_a_target_is_not_deleted(simulated: Simulated) -> None:
    rule = simulated.create(RULE, "rule", PATTERN)
    simulated.create(TARGET, "target", {"rule": "rotated", "targetId": "t", "arn": QUEUE_ARN})
    with pytest.raises(AwsError, match="ValidationException"):
        simulated.delete(RULE, "rule", rule["id"])


def key(simulated: Simulated, name: str) -> str:
    return simulated.create("aws:kms/key:Key", name, {"policy": json.dumps({"Statement": []})})["arn"]


def test_rds_creates_a_master_secret_tagged_with_its_cluster_and_deletes_it_with_it(simulated: Simulated) -> None:
    cluster = simulated.create(CLUSTER, "cluster", {**MANAGED, "masterUserSecretKmsKeyId": key(simulated, "key")})
    (told,) = cluster["masterUserSecrets"]
    (made,) = simulated.provider.cloud.of_type(SECRET)
    assert told["secretArn"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!cluster-")
    assert (made.id, made.inputs["kmsKeyId"]) == (told["secretArn"], told["kmsKeyId"])
    assert made.outputs["tags"]["aws:rds:primaryDBClusterArn"] == cluster["arn"]
    simulated.delete(CLUSTER, "cluster", cluster["id"])
    assert simulated.provider.cloud.of_type(SECRET) == []


def test_a_cluster_with_a_password_of_its_own_has_no_master_secret(simulated: Simulated) -> None:
    plain = {name: value for name, value in MANAGED.items() if name != "manageMasterUserPassword"}
    cluster = simulated.create(CLUSTER, "cluster", {**plain, "masterPasswordWo": "x", "masterPasswordWoVersion": 1})
    assert "masterUserSecrets" not in cluster
    assert simulated.provider.cloud.of_type(SECRET) == []


def test_the_key_of_a_master_secret_cannot_change(simulated: Simulated) -> None:
    cluster = simulated.create(CLUSTER, "cluster", {**MANAGED, "masterUserSecretKmsKeyId": key(simulated, "first")})
    other = {**MANAGED, "masterUserSecretKmsKeyId": key(simulated, "second")}
    with pytest.raises(AwsError, match="masterUserSecretKmsKeyId"):
        simulated.provider.update(CLUSTER, simulated.urn(CLUSTER, "cluster"), cluster["id"], {}, other)
