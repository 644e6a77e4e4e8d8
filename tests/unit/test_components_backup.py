"""Backups and copies of what the store holds, as they are registered."""

from __future__ import annotations

import json
from functools import cache

import pytest
from pulumi_aws import backup, cloudwatch, iam, kms, s3

from ops.plan import Plan, PlannedResource
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.reading import dependencies, references_of, statements


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@pytest.fixture
def dev(plans: Plans) -> Plan:
    return plans("dev")


@cache
def with_images() -> Plan:
    return plan("dev", overrides={"backup": {"s3": True, "keep_days": 14}})


def rule(made: Plan) -> dict:
    (only,) = made.resource(backup.Plan).inputs["rules"]
    return only


def replica(made: Plan) -> dict:
    (only,) = made.resource(s3.BucketReplicationConfig).inputs["rules"]
    return only


def overdue(made: Plan) -> dict[str, PlannedResource]:
    alarms = made.of_type(cloudwatch.MetricAlarm)
    return {each.inputs["metricName"]: each for each in alarms if each.inputs.get("namespace") == "AWS/Backup"}


def test_the_database_is_backed_up_every_day_and_the_images_where_asked(dev: Plan):
    assert references_of(dev, dev.resource(backup.Selection).inputs["resources"]) == ["database-cluster.arn"]
    assert rule(dev)["schedule"] == "cron(0 5 * * ? *)"
    images = with_images().resource(backup.Selection).inputs["resources"]
    assert references_of(with_images(), images) == ["database-cluster.arn", "storage-images-bucket.arn"]


def test_the_operator_gets_the_policies_for_images_only_where_it_backs_them_up(dev: Plan):
    def attached_policies(made: Plan) -> set[str]:
        held = made.of_type(iam.RolePolicyAttachment)
        return {
            each.inputs["policyArn"].rpartition("/")[2] for each in held if each.name.startswith("backup-operator-")
        }

    database = {"AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"}
    assert attached_policies(dev) == database
    s3_policies = {"AWSBackupServiceRolePolicyForS3Backup", "AWSBackupServiceRolePolicyForS3Restore"}
    assert attached_policies(with_images()) == database | s3_policies


def test_a_recovery_point_lives_as_long_as_the_settings_say_and_is_locked_for_it():
    made = with_images()
    assert rule(made)["lifecycle"] == {"deleteAfter": 14}
    assert made.resource(backup.VaultLockConfiguration).inputs["minRetentionDays"] == 14


def test_the_lock_can_be_lifted_by_whoever_may(prod: Plan):
    assert all("changeableForDays" not in lock.inputs for lock in prod.of_type(backup.VaultLockConfiguration))


def test_vaults_and_their_locks_stay_when_the_stack_goes(prod: Plan):
    held = [*prod.of_type(backup.Vault), *prod.of_type(backup.VaultLockConfiguration)]
    assert len(held) == 4
    assert all(each.retain_on_delete for each in held)


def test_every_recovery_point_is_copied_into_the_second_region(prod: Plan):
    copies = prod.resource(backup.Vault, name="backup-copies")
    assert copies.inputs["region"] == "us-east-2"
    assert prod.resource(backup.VaultLockConfiguration, name="backup-copies-lock").inputs["region"] == "us-east-2"
    (action,) = rule(prod)["copyActions"]
    assert references_of(prod, action["destinationVaultArn"]) == ["backup-copies.arn"]
    assert action["lifecycle"] == {"deleteAfter": 14}


def test_without_a_second_region_there_are_no_copies(dev: Plan):
    assert [vault.name for vault in dev.of_type(backup.Vault)] == ["backup-vault"]
    assert dev.of_type(s3.BucketReplicationConfig) == []
    assert not [key.name for key in dev.of_type(kms.Key) if "copy" in key.name]
    assert set(overdue(dev)) == {"NumberOfBackupJobsCompleted"}


def test_an_alarm_rings_when_36_hours_pass_without_a_backup_or_a_copy(prod: Plan):
    assert set(overdue(prod)) == {"NumberOfBackupJobsCompleted", "NumberOfCopyJobsCompleted"}
    for alarm in overdue(prod).values():
        inputs = alarm.inputs
        assert inputs["period"] * inputs["evaluationPeriods"] == 36 * 3600
        assert (inputs["comparisonOperator"], inputs["threshold"]) == ("LessThanThreshold", 1)
        assert inputs["treatMissingData"] == "breaching"
    vaults = {metric: alarm.inputs["dimensions"]["BackupVaultName"] for metric, alarm in overdue(prod).items()}
    assert vaults == {
        "NumberOfBackupJobsCompleted": "octank-prod-vault",
        "NumberOfCopyJobsCompleted": "octank-prod-copies",
    }, "copy jobs are counted under the destination vault"


def test_a_backup_is_restored_every_month_and_the_copy_of_the_database_goes_after_hours(prod: Plan):
    tested = prod.resource(backup.RestoreTestingPlan).inputs
    assert tested["scheduleExpression"] == "cron(0 9 1 * ? *)"
    assert references_of(prod, tested["recoveryPointSelection"]["includeVaults"]) == ["backup-vault.arn"]
    selection = prod.resource(backup.RestoreTestingSelection).inputs
    assert selection["validationWindowHours"] == 4
    assert references_of(prod, selection["protectedResourceArns"]) == ["database-cluster.arn"]


def test_what_is_restored_lands_in_the_closed_subnets(prod: Plan):
    overrides = prod.resource(backup.RestoreTestingSelection).inputs["restoreMetadataOverrides"]
    assert overrides["dbSubnetGroupName"] == "octank-prod-database"
    groups = json.loads(overrides["vpcSecurityGroupIds"])
    assert references_of(prod, groups) == ["database-access.id"]


def test_nothing_is_restored_where_the_settings_do_not_ask():
    made = plan("dev", overrides={"backup": {"restore_testing": False}})
    assert made.of_type(backup.RestoreTestingPlan) == []
    assert made.of_type(backup.RestoreTestingSelection) == []


def test_the_name_of_a_restore_test_has_no_hyphen(prod: Plan):
    assert prod.resource(backup.RestoreTestingPlan).inputs["name"] == "octank_prod_restore"
    assert prod.resource(backup.RestoreTestingSelection).inputs["name"] == "octank_prod_restore_database"


def test_every_image_is_copied_and_no_deletion(prod: Plan):
    assert prod.resource(s3.BucketReplicationConfig).inputs["bucket"] == "octank-prod-images-444455556666"
    assert (replica(prod)["status"], replica(prod)["filter"]) == ("Enabled", {"prefix": ""})
    assert replica(prod)["deleteMarkerReplication"] == {"status": "Disabled"}


def test_replication_waits_until_both_buckets_keep_versions(prod: Plan):
    waits = dependencies(prod, prod.resource(s3.BucketReplicationConfig))
    assert {"storage-images-versions", "replication-images-versions"} <= waits


def test_everything_about_the_copies_is_in_their_region(prod: Plan):
    names = ("replication-images-", "replication-access-logs-")
    held = [each for each in prod.resources if each.name.startswith(names) and each.type.startswith("aws:s3/")]
    assert len(held) == 17
    assert {each.inputs.get("region") for each in held} == {"us-east-2"}


def test_reads_of_the_copies_are_logged_beside_them(prod: Plan):
    logging = prod.resource(s3.BucketLogging, name="replication-images-access-logging").inputs
    assert logging["targetBucket"] == "octank-prod-access-logs-444455556666-us-east-2"


def test_copies_age_as_the_images_do(prod: Plan):
    def ageing(name: str) -> list[dict]:
        return prod.resource(s3.BucketLifecycleConfiguration, name=f"{name}-lifecycle").inputs["rules"]

    assert ageing("replication-images") == ageing("storage-images")


def test_replication_reads_here_and_writes_there_and_never_deletes(prod: Plan):
    held = statements(prod.resource(name="replication-copier-policy"))
    actions = {action for statement in held.values() for action in statement["Action"]}
    assert not {action for action in actions if "Delete" in action}
    assert held["WriteCopies"]["Resource"] == ["arn:aws:s3:::octank-prod-images-444455556666-us-east-2/*"]
    assert held["ReadImages"]["Resource"] == ["arn:aws:s3:::octank-prod-images-444455556666/*"]


def test_an_alarm_rings_when_a_copy_fails(prod: Plan):
    alarm = prod.resource(cloudwatch.MetricAlarm, name="replication-failed-alarm").inputs
    assert (alarm["metricName"], alarm["threshold"]) == ("OperationsFailedReplication", 0)
    assert alarm["dimensions"]["RuleId"] == replica(prod)["id"]
    assert replica(prod)["destination"]["metrics"] == {"status": "Enabled"}
