"""What the end of a study adds: who may archive, what the function may do, what signs, and what stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pulumi_aws import iam, kms, lambda_

from ops.plan import Plan, PlanError
from settings import SettingsError
from tests.planned import plan
from tests.unit.phases import in_phase
from tests.unit.reading import references_of, statements

PREFIX = "studies/octank/prod"
ARCHIVE = "arn:aws:s3:::octank-prod-archive-444455556666"
IMAGES = "arn:aws:s3:::octank-prod-images-444455556666"


@pytest.fixture(scope="module")
def closing() -> Plan:
    return in_phase("prod", "closing")


def allowed_actions(made: Plan, name: str) -> dict[str, list[str]]:
    """Actions by resource, of all that the policy allows."""
    found: dict[str, list[str]] = {}
    for statement in json.loads(made.resource(iam.Policy, name=name).inputs["policy"])["Statement"]:
        if statement["Effect"] == "Allow":
            for resource in statement["Resource"]:
                found.setdefault(resource, []).extend(statement["Action"])
    return found


def export_of(made: Plan) -> dict[str, Any]:
    return made.exports["studyOutputs"]


def test_the_signing_key_signs_and_stays(closing: Plan):
    key = closing.resource(kms.Key, name="closing-signing")
    assert (key.inputs["customerMasterKeySpec"], key.inputs["keyUsage"]) == ("ECC_NIST_P384", "SIGN_VERIFY")
    assert key.retain_on_delete


def test_the_archiver_reads_images_and_changes_none(closing: Plan):
    rights = allowed_actions(closing, "closing-archiver-policy")
    assert {action for resource in (IMAGES, f"{IMAGES}/images/*") for action in rights[resource]} == {
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:GetBucketVersioning",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetObjectTagging",
        "s3:GetObjectAttributes",
    }


def test_nobody_of_the_end_removes_anything_for_good(closing: Plan):
    for name in ("closing-archiver-policy", "closing-run-policy", "closing-snapshot-export-policy"):
        actions = {action for actions in allowed_actions(closing, name).values() for action in actions}
        assert not {"s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention"} & actions
    archiver = {
        action for actions in allowed_actions(closing, "closing-archiver-policy").values() for action in actions
    }
    assert not [action for action in archiver if "Delete" in action]


def test_each_writes_below_its_own_prefix(closing: Plan):
    written = {
        name: {resource for resource, actions in allowed_actions(closing, name).items() if "s3:PutObject" in actions}
        for name in ("closing-archiver-policy", "closing-run-policy", "closing-snapshot-export-policy")
    }
    assert written == {
        "closing-archiver-policy": {f"{ARCHIVE}/{PREFIX}/*"},
        "closing-run-policy": {f"{ARCHIVE}/{PREFIX}/index/*"},
        "closing-snapshot-export-policy": {f"{ARCHIVE}/{PREFIX}/database/*"},
    }


def test_the_archiver_may_pass_the_export_role_to_rds_alone(closing: Plan):
    statement = statements(closing.resource(name="closing-archiver-policy"))["PassExportRole"]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "export.rds.amazonaws.com"}}


def test_without_named_operators_a_second_factor_is_asked_for(closing: Plan):
    trusted = statements(closing.resource(name="closing-archiver-role"), "assumeRolePolicy")["Assume"]
    assert trusted["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert trusted["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}


def test_named_operators_are_the_only_ones():
    operator = "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_operator_*"
    made = plan("dev", overrides={"phase": "closing", "archive": {"operators": [operator]}})
    trusted = statements(made.resource(name="closing-archiver-role"), "assumeRolePolicy")["Assume"]
    assert trusted["Condition"] == {"ArnLike": {"aws:PrincipalArn": [operator]}}


@pytest.mark.parametrize("operator", ["*", "arn:aws:iam::444455556666:root", "arn:aws:iam::*:role/x"])
def test_an_operator_is_somebody(operator: str):
    with pytest.raises((SettingsError, PlanError), match=r"archive\.operators"):
        plan("dev", overrides={"archive": {"operators": [operator]}})


def test_logs_may_be_exported_only_once_the_study_ends(closing: Plan):
    policy = statements(closing.resource(name="storage-archive-access"))
    assert policy["LogExports"]["Resource"] == [f"{ARCHIVE}/{PREFIX}/logs/*"]
    assert policy["LogExports"]["Condition"]["StringEquals"] == {"aws:SourceAccount": "444455556666"}
    assert "LogExports" not in statements(in_phase("prod", "active").resource(name="storage-archive-access"))


def test_the_function_runs_where_the_database_is_and_writes_where_its_role_may(closing: Plan):
    function = closing.resource(lambda_.Function, name="closing-index-export")
    assert function.inputs["vpcConfig"]["subnetIds"]
    assert function.inputs["environment"]["variables"]["ARCHIVE_PREFIX"] == f"{PREFIX}/index/"
    assert function.inputs["timeout"] == 900


def test_what_the_commands_need_is_exported(closing: Plan):
    found = export_of(closing)
    assert references_of(closing, found["signingKeyArn"]) == ["closing-signing.arn"]
    assert found["indexFunction"] == "octank-prod-index-export"
    assert found["phase"] == "closing"
    assert found["archivePrefix"] == PREFIX
    assert "/octank-prod/index-export" in found["logGroups"]
    assert found["trailBucket"] == "octank-prod-audit-444455556666"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_before_the_end_the_same_keys_are_exported_and_some_are_null(stack: str):
    active, closing = export_of(in_phase(stack, "active")), export_of(in_phase(stack, "closing"))
    assert active.keys() == closing.keys()
    nulls = {key for key, value in active.items() if value is None}
    assert nulls == {"signingKeyArn", "indexFunction", "exportRoleArn"}
    assert all(value is not None for value in closing.values())
