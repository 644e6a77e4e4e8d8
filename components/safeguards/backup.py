"""Backups that the store's own credentials cannot delete, copied to a second Region and test-restored every month."""

from __future__ import annotations

import pulumi
from pulumi_aws import backup, kms

from components.core import Component, Condition, Metric, Platform, ServiceRole, alarm
from components.data import Database, ImageStorage
from layout.documents import trust_any_source
from layout.naming import Names, check_name
from layout.windows import AWS_BACKUP_START, AWS_BACKUP_START_MINUTES
from settings import Backup as BackupSettings

DAILY = f"cron({AWS_BACKUP_START.minute} {AWS_BACKUP_START.hour} * * ? *)"
MONTHLY = "cron(0 9 1 * ? *)"

# 36 hours in windows of 6: the daily job may start late and take long, but it must not be missing.
OVERDUE = Condition(comparison="LessThanThreshold", value=1, seconds=21_600, periods=6, treat_missing_data="breaching")

DATABASE_POLICIES = (
    "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
)
IMAGE_POLICIES = (
    "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup",
    "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Restore",
)


def restore_test_name(names: Names) -> str:
    """Name of the restore test, which takes no hyphen."""
    return check_name("backup.RestoreTestingPlan", f"{names.prefix}_restore".replace("-", "_"))


class Backups(Component):
    """Creates a locked vault and a daily plan for the database (and the images, with `settings.s3`), and, where the
    settings ask for them, a copy of every recovery point in a second Region and a monthly restore test.

    Guarantees: a recovery point lives `keep_days`, its copy `copy_keep_days`, and nobody can delete either earlier
    without removing the governance lock, which the audit trail records; vaults stay in AWS when the stack is destroyed;
    36 hours without a completed backup or copy raise an alarm.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
    """

    TYPE = "imgstore:backup:Backups"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: BackupSettings,
        *,
        database: Database,
        storage: ImageStorage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.settings = settings
        self.vault_name = self.names.of("backup.Vault", "vault")
        self.vault = self._vault("vault", self.keys.backup, settings.keep_days)
        copies = []
        if settings.copy_region is not None:
            copies.append(
                self._vault("copies", self.keys.copy("backup"), settings.copy_keep_days, settings.copy_region)
            )
        self.role = ServiceRole(
            self.child("operator"),
            base,
            # https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html
            assume=trust_any_source("backup.amazonaws.com"),
            managed=[*DATABASE_POLICIES, *(IMAGE_POLICIES if settings.s3 else ())],
            opts=self.options(),
        )
        images = [storage.images.bucket.arn] if settings.s3 else []
        self._plan([database.cluster.arn, *images], copies)
        if settings.restore_testing:
            self._restore_test(database)
        self._overdue("overdue", "backup", "NumberOfBackupJobsCompleted", self.vault_name)
        if copies:
            # AWS Backup counts copy jobs under the name of the destination vault. Its document does not name the Region
            # of the metric; this assumes the one where the job runs, which the first copy on AWS has to confirm:
            # https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
            self._overdue("copy-overdue", "copy", "NumberOfCopyJobsCompleted", self.names.of("backup.Vault", "copies"))
        self.register_outputs({"vault": self.vault.arn})

    def _vault(self, suffix: str, key: kms.Key, keep_days: int, region: str | None = None) -> backup.Vault:
        vault = backup.Vault(
            self.child(suffix),
            name=self.names.of("backup.Vault", suffix),
            kms_key_arn=key.arn,
            region=region,
            tags=self.names.tags(suffix, self.names.data),
            opts=self.stateful(retain_on_delete=True),
        )
        # Without `changeable_for_days` it is a governance lock, which a person with the permission can remove.
        backup.VaultLockConfiguration(
            self.child(f"{suffix}-lock"),
            backup_vault_name=vault.name,
            min_retention_days=keep_days,
            region=region,
            opts=self.options(retain_on_delete=True),
        )
        return vault

    def _plan(self, resources: list[pulumi.Output[str]], copies: list[backup.Vault]) -> None:
        keep, keep_copies = self.settings.keep_days, self.settings.copy_keep_days
        rule = backup.PlanRuleArgs(
            rule_name="daily",
            target_vault_name=self.vault.name,
            schedule=DAILY,
            start_window=AWS_BACKUP_START_MINUTES,
            completion_window=720,
            lifecycle=backup.PlanRuleLifecycleArgs(delete_after=keep),
            copy_actions=[
                backup.PlanRuleCopyActionArgs(
                    destination_vault_arn=copy.arn,
                    lifecycle=backup.PlanRuleCopyActionLifecycleArgs(delete_after=keep_copies),
                )
                for copy in copies
            ],
        )
        plan = backup.Plan(
            self.child("plan"),
            name=self.names.of("backup.Plan", "daily"),
            rules=[rule],
            tags=self.names.tags("daily"),
            opts=self.options(),
        )
        backup.Selection(
            self.child("selection"),
            name=self.names.of("backup.Selection", "store"),
            plan_id=plan.id,
            iam_role_arn=self.role.ready,
            resources=resources,
            opts=self.options(),
        )

    def _restore_test(self, database: Database) -> None:
        """Restores a cluster in the same private subnets as the original, and deletes it after four hours.

        https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html
        """
        name = restore_test_name(self.names)
        plan = backup.RestoreTestingPlan(
            self.child("restore-test"),
            name=name,
            schedule_expression=MONTHLY,
            start_window_hours=1,
            recovery_point_selection=backup.RestoreTestingPlanRecoveryPointSelectionArgs(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[self.vault.arn],
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=7,
            ),
            tags=self.names.tags("restore-test"),
            opts=self.options(),
        )
        backup.RestoreTestingSelection(
            self.child("restore-database"),
            name=check_name("backup.RestoreTestingPlan", f"{name}_database"),
            restore_testing_plan_name=plan.name,
            protected_resource_type="Aurora",
            protected_resource_arns=[database.cluster.arn],
            iam_role_arn=self.role.ready,
            validation_window_hours=4,
            restore_metadata_overrides={
                "dbSubnetGroupName": database.cluster.db_subnet_group_name,
                "vpcSecurityGroupIds": pulumi.Output.json_dumps([database.security_group.id]),
            },
            opts=self.options(),
        )

    def _overdue(self, suffix: str, job: str, metric: str, vault_name: str) -> None:
        alarm(
            self,
            suffix,
            metric=Metric(
                namespace="AWS/Backup",
                name=metric,
                dimensions={"BackupVaultName": vault_name},
            ),
            condition=OVERDUE,
            description=f"No {job} was completed in 36 hours; see docs/runbooks/database-restore.md",
        )
