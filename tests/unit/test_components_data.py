"""Keys, the database, secrets, certificates, roles and providers, as they are registered."""

from __future__ import annotations

import json

import pulumi_aws as aws
import pytest
from pulumi_aws import cloudwatch, iam, kms, rds, secretsmanager

from components.core.keys import USES
from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.unit.reading import dependencies, references_of, statements


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@pytest.mark.parametrize("use", USES)
def test_a_key_rotates_and_a_deletion_can_be_taken_back_for_30_days(use: str, prod: Plan):
    inputs = prod.resource(kms.Key, name=f"keys-{use}").inputs
    assert (inputs["enableKeyRotation"], inputs["deletionWindowInDays"]) == (True, 30)


@pytest.mark.parametrize("use", USES)
def test_a_key_is_protected_while_the_study_is_active(use: str, prod: Plan):
    assert prod.resource(kms.Key, name=f"keys-{use}").protect


def test_only_the_keys_of_what_outlives_the_system_stay(prod: Plan):
    kept = {key.name for key in prod.of_type(kms.Key) if key.retain_on_delete}
    assert kept == {f"keys-{use}" for use in ("database", "archive", "audit", "backup", "backup-copy")}


@pytest.mark.parametrize("use", USES)
def test_an_alias_points_to_its_key(use: str, prod: Plan):
    inputs = prod.resource(kms.Alias, name=f"keys-{use}-alias").inputs
    assert inputs["name"] == f"alias/octank-prod/{use}"
    assert references_of(prod, inputs["targetKeyId"]) == [f"keys-{use}.keyId"]


@pytest.mark.parametrize("use", USES)
def test_a_key_policy_names_no_one_but_the_account_and_services(use: str, prod: Plan):
    for statement in statements(prod.resource(name=f"keys-{use}")).values():
        assert statement["Principal"].keys() <= {"AWS", "Service"}
        assert statement["Principal"].get("AWS", "arn:aws:iam::444455556666:root") == "arn:aws:iam::444455556666:root"


@pytest.mark.parametrize("use", USES)
def test_a_service_may_use_a_key_only_under_a_condition(use: str, prod: Plan):
    for statement in statements(prod.resource(name=f"keys-{use}")).values():
        assert "AWS" in statement["Principal"] or statement["Condition"]


def test_fargate_may_use_the_key_for_images_for_this_cluster_alone(prod: Plan):
    granted = statements(prod.resource(name="keys-images"))["FargateDataKey"]
    assert granted["Condition"]["StringEquals"] == {
        "kms:EncryptionContext:aws:ecs:clusterAccount": ["444455556666"],
        "kms:EncryptionContext:aws:ecs:clusterName": ["octank-prod-store"],
    }


@pytest.mark.parametrize("stack", stacks())
def test_log_groups_are_encrypted(stack: str, plans: Plans):
    made = plans(stack)
    groups = made.of_type(cloudwatch.LogGroup)
    assert groups
    assert {tuple(references_of(made, group.inputs["kmsKeyId"])) for group in groups} == {("keys-logs.arn",)}


@pytest.mark.parametrize(
    ("group", "days"), [("network-flow-logs", 400), ("database-logs", 2192), ("app-logs", 2192), ("waf-logs", 2192)]
)
def test_a_log_is_kept_as_long_as_settings_say(group: str, days: int, prod: Plan):
    assert prod.resource(cloudwatch.LogGroup, name=group).inputs["retentionInDays"] == days


@pytest.mark.parametrize("stack", stacks())
def test_the_database_is_encrypted_with_its_own_key(stack: str, plans: Plans):
    made = plans(stack)
    inputs = made.resource(rds.Cluster).inputs
    assert inputs["storageEncrypted"] is True
    assert references_of(made, inputs["kmsKeyId"]) == ["keys-database.arn"]


@pytest.mark.parametrize("stack", stacks())
def test_the_database_cannot_be_deleted_while_the_study_is_active(stack: str, plans: Plans):
    cluster = plans(stack).resource(rds.Cluster)
    assert cluster.protect
    assert cluster.inputs["deletionProtection"] is True


def test_the_database_leaves_a_final_snapshot_and_its_backups(prod: Plan):
    inputs = prod.resource(rds.Cluster).inputs
    assert (inputs["skipFinalSnapshot"], inputs["deleteAutomatedBackups"]) == (False, False)


def test_a_final_snapshot_has_a_name_of_its_own(prod: Plan):
    name = prod.resource(rds.Cluster).inputs["finalSnapshotIdentifier"]
    assert references_of(prod, name) == ["database-final-snapshot.hex"]


def test_the_database_accepts_tls_alone(prod: Plan):
    (group,) = prod.of_type(rds.ClusterParameterGroup)
    values = {parameter["name"]: parameter["value"] for parameter in group.inputs["parameters"]}
    assert (values["rds.force_ssl"], values["ssl_min_protocol_version"]) == ("1", "TLSv1.2")


def test_the_database_logs_no_statement_and_no_parameter(prod: Plan):
    (group,) = prod.of_type(rds.ClusterParameterGroup)
    values = {parameter["name"]: parameter["value"] for parameter in group.inputs["parameters"]}
    assert values["log_statement"] == "none"
    assert values["log_min_duration_statement"] == "-1"
    assert values["log_parameter_max_length"] == values["log_parameter_max_length_on_error"] == "0"


def test_the_database_waits_for_its_encrypted_log_group(prod: Plan):
    assert "database-logs" in dependencies(prod, prod.resource(rds.Cluster))
    assert prod.resource(name="database-logs").inputs["name"] == "/aws/rds/cluster/octank-prod-database/postgresql"


def test_rds_keeps_the_masters_password_under_our_key(prod: Plan):
    inputs = prod.resource(rds.Cluster).inputs
    assert inputs["manageMasterUserPassword"] is True
    assert references_of(prod, inputs["masterUserSecretKmsKeyId"]) == ["keys-secrets.arn"]
    assert not {"masterPassword", "masterPasswordWo"} & inputs.keys()


@pytest.mark.parametrize(("stack", "names"), [("dev", ["writer"]), ("prod", ["writer", "reader-1"])])
def test_the_database_has_a_writer_and_the_readers_of_the_settings(stack: str, names: list[str], plans: Plans):
    instances = plans(stack).of_type(rds.ClusterInstance)
    assert [instance.name for instance in instances] == [f"database-{name}" for name in names]
    assert [instance.inputs["promotionTier"] for instance in instances] == [0, 2][: len(names)]


def test_readers_wait_for_the_writer(prod: Plan):
    assert "database-writer" in dependencies(prod, prod.resource(name="database-reader-1"))


@pytest.mark.parametrize("stack", stacks())
def test_the_setting_alone_upgrades_the_database(stack: str, plans: Plans):
    upgrades = {each.inputs["autoMinorVersionUpgrade"] for each in plans(stack).of_type(rds.ClusterInstance)}
    assert upgrades == {False}, "after an automatic upgrade the next update would ask for a downgrade"


@pytest.mark.parametrize("stack", stacks())
def test_backup_and_maintenance_have_windows_of_their_own(stack: str, plans: Plans):
    inputs = plans(stack).resource(rds.Cluster).inputs
    assert inputs["preferredBackupWindow"] == "03:00-04:00"
    assert inputs["preferredMaintenanceWindow"] == "sun:08:00-sun:09:00"
    instances = plans(stack).of_type(rds.ClusterInstance)
    assert {each.inputs["preferredMaintenanceWindow"] for each in instances} == {"sun:08:00-sun:09:00"}


@pytest.mark.parametrize("stack", stacks())
def test_no_database_instance_is_public(stack: str, plans: Plans):
    assert {each.inputs["publiclyAccessible"] for each in plans(stack).of_type(rds.ClusterInstance)} == {False}


def test_the_database_lies_in_subnets_without_a_way_out(prod: Plan):
    subnets = prod.resource(rds.SubnetGroup).inputs["subnetIds"]
    assert references_of(prod, subnets) == ["network-data-a.id", "network-data-b.id"]


@pytest.mark.parametrize("stack", stacks())
def test_secrets_are_encrypted_with_their_own_key(stack: str, plans: Plans):
    made = plans(stack)
    secrets = made.of_type(secretsmanager.Secret)
    assert secrets
    assert {tuple(references_of(made, secret.inputs["kmsKeyId"])) for secret in secrets} == {("keys-secrets.arn",)}


@pytest.mark.parametrize("stack", stacks())
def test_the_value_of_a_secret_stays_out_of_the_state_of_aws(stack: str, plans: Plans):
    for version in plans(stack).of_type(secretsmanager.SecretVersion):
        assert version.inputs["secretStringWo"] == "[secret]"
        assert not {"secretString", "secretBinary"} & version.inputs.keys()


def test_the_database_credential_has_the_names_of_the_contract(prod: Plan):
    names = {secret.inputs["name"] for secret in prod.of_type(secretsmanager.Secret)}
    assert {"octank-prod/mb-db-user", "octank-prod/mb-db-password"} <= names


@pytest.mark.parametrize("tier", ["app", "web"])
def test_a_server_certificate_names_the_host_that_is_called(tier: str, prod: Plan):
    inputs = prod.resource(name=f"ca-{tier}-request").inputs
    assert inputs["dnsNames"][0] == f"{tier}.octank-prod.internal"


@pytest.mark.parametrize("tier", ["app", "web"])
def test_a_server_certificate_is_renewed_before_it_ends_and_signs_nothing(tier: str, prod: Plan):
    inputs = prod.resource(name=f"ca-{tier}-certificate").inputs
    assert (inputs["validityPeriodHours"], inputs["earlyRenewalHours"]) == (398 * 24, 60 * 24)
    assert inputs["allowedUses"] == ["digital_signature", "server_auth"]


def test_the_root_signs_and_does_nothing_else(prod: Plan):
    inputs = prod.resource(name="ca-root").inputs
    assert inputs["isCaCertificate"] is True
    assert inputs["allowedUses"] == ["cert_signing", "crl_signing"]


def test_no_role_has_an_inline_policy(prod: Plan):
    assert prod.of_type(iam.RolePolicy) == []
    assert not any("inlinePolicies" in role.inputs for role in prod.of_type(iam.Role))


def test_a_role_without_rights_has_no_policy(prod: Plan):
    assert [child.type for child in prod.children(prod.resource(name="web-run").urn)] == ["aws:iam/role:Role"]


def test_tasks_assume_their_roles_for_this_account_alone(prod: Plan):
    for role in ("app-start", "app-run", "web-start", "web-run"):
        trust = statements(prod.resource(iam.Role, name=f"{role}-role"), "assumeRolePolicy")["Assume"]
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "444455556666"}


@pytest.mark.parametrize("role", ["audit-writer", "replication-copier", "backup-operator"])
def test_a_service_that_sets_no_source_account_can_assume_its_role(role: str, prod: Plan):
    trust = statements(prod.resource(iam.Role, name=f"{role}-role"), "assumeRolePolicy")["Assume"]
    assert "Condition" not in trust, "with a condition on aws:SourceAccount the service could not assume the role"


@pytest.mark.parametrize(("stack", "account"), [("dev", "111122223333"), ("prod", "444455556666")])
def test_the_provider_works_in_the_account_of_the_settings_alone(stack: str, account: str, plans: Plans):
    inputs = plans(stack).resource(aws.Provider, name="aws").inputs
    assert json.loads(inputs["allowedAccountIds"]) == [account]
    assert inputs["region"] == "us-east-1"


def test_the_provider_tags_whatever_it_creates(prod: Plan):
    tags = json.loads(prod.resource(aws.Provider, name="aws").inputs["defaultTags"])["tags"]
    assert (tags["project"], tags["env"], tags["expiry"]) == ("octank", "prod", "2027-12-01")


def test_a_center_that_sends_dicom_has_a_certificate_to_show(prod: Plan):
    for center in ("main-campus", "north-clinic"):
        signed = prod.resource(name=f"ca-{center}-dicom-certificate").inputs
        assert signed["allowedUses"] == ["digital_signature", "client_auth"]
        assert prod.resource(name=f"ca-{center}-dicom-request").inputs["subject"]["commonName"] == center
        assert prod.resource(name=f"ca-tls-{center}-dicom").inputs["name"] == f"octank-prod/tls-{center}-dicom"


def test_no_sender_is_enrolled_where_dicom_has_no_door(plans: Plans):
    assert not [resource for resource in plans("dev").resources if resource.name.endswith("-dicom-certificate")]


def test_orthanc_is_known_by_the_names_senders_and_nginx_call(prod: Plan):
    names = prod.resource(name="ca-app-request").inputs["dnsNames"]
    assert names == ["app.octank-prod.internal", "dicom.images.octank.example"]
