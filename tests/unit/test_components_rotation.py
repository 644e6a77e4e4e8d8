"""Rotation of the database password: who may do it, what waits for it, and what follows it."""

from __future__ import annotations

import json

import pytest
from pulumi_aws import cloudwatch, ecs, lambda_, secretsmanager, sfn

from ops.plan import Plan
from tests.conftest import Plans
from tests.unit.reading import dependencies, references_of, statements

STACKS = pytest.mark.parametrize("stack", ["dev", "prod"])


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@STACKS
def test_the_password_is_rotated_every_thirty_days_but_not_by_a_deployment(stack: str, plans: Plans):
    inputs = plans(stack).resource(secretsmanager.SecretRotation).inputs
    assert references_of(plans(stack), inputs["secretId"]) == ["database-mb-db-password.id"]
    assert inputs["rotationRules"] == {"automaticallyAfterDays": 30}
    assert inputs["rotateImmediately"] is False


def test_rotation_begins_once_the_pair_in_use_works_and_the_caller_is_allowed(prod: Plan):
    assert {"rotation-prepare", "rotation-caller"} <= dependencies(prod, prod.resource(secretsmanager.SecretRotation))


def test_the_database_is_prepared_once_an_instance_can_answer(prod: Plan):
    prepare = prod.resource(lambda_.Invocation)
    assert json.loads(prepare.inputs["input"]) == {"action": "prepare"}
    assert prepare.inputs["lifecycleScope"] == "CREATE_ONLY"
    assert {"database-writer", "database-reader-1"} <= dependencies(prod, prepare)


def test_the_database_is_prepared_once_every_way_there_stands(prod: Plan):
    ways = {f"rotation-{to}-{end}" for to in ("aws-apis", "database") for end in ("egress", "ingress")}
    ingress = {one.name for one in prod.resources if one.name.startswith("network-api-")}
    assert len(ingress) == 2
    needed = {*ways, *ingress, "network-secretsmanager", "network-app-acl", "network-data-acl"}
    assert needed <= dependencies(prod, prod.resource(lambda_.Invocation))


def test_a_new_cluster_is_prepared_again(prod: Plan):
    triggers = prod.resource(lambda_.Invocation).inputs["triggers"]
    assert references_of(prod, triggers) == ["database-cluster.clusterResourceId"]


def test_orthanc_starts_after_the_database_was_prepared(prod: Plan):
    assert "rotation-prepare" in dependencies(prod, prod.resource(ecs.TaskDefinition, name="app-task"))


def test_secrets_manager_may_call_the_function_for_this_secret_alone(prod: Plan):
    inputs = prod.resource(lambda_.Permission).inputs
    assert inputs["principal"] == "secretsmanager.amazonaws.com"
    assert inputs["sourceAccount"] == "444455556666"
    assert references_of(prod, inputs["sourceArn"]) == ["database-mb-db-password.arn"]


def test_the_function_may_change_the_two_secrets_and_read_the_masters(prod: Plan):
    allowed = statements(prod.resource(name="rotation-run-policy"))
    names = {arn.rpartition("secret:")[2] for arn in allowed["RotateSecrets"]["Resource"]}
    assert names == {"octank-prod/mb-db-user-??????", "octank-prod/mb-db-password-??????"}
    assert allowed["ReadMaster"]["Action"] == ["secretsmanager:GetSecretValue"]
    owner = allowed["ReadMaster"]["Condition"]["StringEquals"]["aws:ResourceTag/aws:rds:primaryDBClusterArn"]
    assert (
        owner
        == f"arn:aws:rds:us-east-1:444455556666:cluster:{prod.resource(name='database-cluster').inputs['clusterIdentifier']}"
    )


def test_interfaces_are_lambdas_to_make_and_never_the_codes(prod: Plan):
    attached = prod.resource(name="rotation-run-AWSLambdaENIManagementAccess-attachment")
    assert attached.inputs["policyArn"].startswith("arn:aws:iam::aws:policy/service-role/")
    refused = statements(prod.resource(name="rotation-run-policy"))["InterfacesAreLambdasOwn"]
    assert (refused["Effect"], "ec2:CreateNetworkInterface" in refused["Action"]) == ("Deny", True)
    function = f"arn:aws:lambda:us-east-1:444455556666:function:{prod.resource(lambda_.Function).inputs['name']}"
    assert refused["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": function}}


def test_the_function_knows_where_everything_is_and_no_secret(prod: Plan):
    variables = prod.resource(lambda_.Function).inputs["environment"]["variables"]
    assert {key: references_of(prod, value) for key, value in variables.items() if key.endswith("_ARN")} == {
        "MASTER_SECRET_ARN": ["database-cluster.masterUserSecrets[0].secretArn"],
        "USER_SECRET_ARN": ["database-mb-db-user.arn"],
        "PASSWORD_SECRET_ARN": ["database-mb-db-password.arn"],
    }
    assert references_of(prod, variables["DATABASE_HOST"]) == ["database-cluster.endpoint"]
    assert variables["DATABASE_CA"] == "rds-global-bundle.pem"


def test_the_function_reaches_the_database_and_aws_and_nothing_else(prod: Plan):
    ways = {
        (rule.inputs["toPort"], *references_of(prod, rule.inputs["referencedSecurityGroupId"]))
        for rule in prod.resources
        if rule.type.endswith("SecurityGroupEgressRule")
        and references_of(prod, rule.inputs["securityGroupId"]) == ["rotation-function.id"]
    }
    assert ways == {(443, "network-endpoints.id"), (5432, "database-access.id")}


def test_the_function_reserves_no_concurrency(prod: Plan):
    reserved = prod.resource(lambda_.Function).inputs.get("reservedConcurrentExecutions")
    assert reserved is None, "a new account has 10 concurrent executions, and Lambda refuses to leave fewer unreserved"


def test_a_lost_call_and_a_failed_one_are_heard_of(prod: Plan):
    function = prod.resource(lambda_.Function).inputs
    assert references_of(prod, function["deadLetterConfig"]["targetArn"])[0] == "alarms-topic.arn"
    alarm = prod.resource(cloudwatch.MetricAlarm, name="rotation-failed-alarm").inputs
    assert alarm["dimensions"] == {"FunctionName": function["name"]}


def test_a_rotated_password_starts_new_tasks_of_orthanc_alone(prod: Plan):
    pattern = json.loads(prod.resource(cloudwatch.EventRule, name="redeploy-rotated").inputs["eventPattern"])
    assert pattern["detail"]["eventName"] == ["RotationSucceeded"]
    assert references_of(prod, pattern["detail"]["additionalEventData"]["SecretId"]) == ["database-mb-db-password.arn"]
    target = prod.resource(cloudwatch.EventTarget, name="redeploy-target")
    assert references_of(prod, target.inputs["arn"]) == ["redeploy-deployment.arn"]
    service = prod.resource(ecs.Service, name="app-service").inputs["name"]
    definition = json.loads(prod.resource(sfn.StateMachine).inputs["definition"])
    assert definition["States"]["Deploy"]["Parameters"] == {
        "Cluster": prod.resource(ecs.Cluster).inputs["name"],
        "Service": service,
        "ForceNewDeployment": True,
    }
    allowed = statements(prod.resource(name="redeploy-deployer-policy"))
    assert list(allowed) == ["DeployService"]
    assert allowed["DeployService"]["Resource"][0].endswith(f"/{service}")


def test_the_first_password_is_written_once(prod: Plan):
    versions = {one.name: one.inputs for one in prod.of_type(secretsmanager.SecretVersion)}
    assert versions["database-mb-db-password-value"]["secretStringWoVersion"] == 1
    assert versions["database-mb-db-user-value"]["secretStringWo"] == "[secret]"


@pytest.mark.parametrize("part", ["user", "password"])
def test_the_first_login_keeps_a_label_of_its_own_and_the_others_are_left_to_the_rotation(part: str, prod: Plan):
    version = prod.resource(secretsmanager.SecretVersion, name=f"database-mb-db-{part}-value")
    assert version.inputs["versionStages"] == ["AWSCURRENT", "FIRST"], "without a label AWS deletes it in time"
    assert version.ignore_changes == ("versionStages",), "an update would move AWSCURRENT back after a refresh"


def test_secrets_that_nobody_rotates_have_no_such_label(prod: Plan):
    version = prod.resource(secretsmanager.SecretVersion, name="users-orthanc-users-value")
    assert "versionStages" not in version.inputs
    assert version.ignore_changes == ()


def test_no_path_of_this_machine_is_in_the_archive(prod: Plan):
    assert "/work" not in json.dumps(prod.resource(lambda_.Function).inputs["code"])
