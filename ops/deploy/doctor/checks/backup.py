"""Whether AWS Backup backs up Aurora in this account and Region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.deploy.doctor.check import Check, Result, failure, ok, skip
from ops.deploy.doctor.context import Context

if TYPE_CHECKING:
    from types_boto3_backup import BackupClient


def check_opt_in(context: Context) -> Result:
    """The Region's opt-in includes Aurora, without which AWS Backup ignores the cluster that the plan names.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html
    """
    if not context.plan.of_type("aws:backup/plan:Plan"):
        return skip("the stack has no backup plan")
    region = context.settings.account.region
    backup: BackupClient = context.client("backup")
    if backup.describe_region_settings()["ResourceTypeOptInPreference"].get("Aurora"):
        return ok(f"Aurora is opted in in {region}")
    return failure(
        f"AWS Backup is not opted in to Aurora in {region}: the database would have no backups in the vault",
        f"`aws backup update-region-settings --region {region} --resource-type-opt-in-preference Aurora=true`",
    )


CHECKS = (Check(name="AWS Backup opt-in", run=check_opt_in, aws=True),)
