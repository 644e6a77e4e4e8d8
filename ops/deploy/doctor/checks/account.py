"""Whether the account and the Region are those of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.deploy.doctor.check import Check, Result, failure, ok, warning
from ops.deploy.doctor.context import Context

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_sts import STSClient


def check_identity(context: Context) -> Result:
    """The credentials are of the account in the settings; the provider would refuse any other."""
    sts: STSClient = context.client("sts")
    caller, wanted = sts.get_caller_identity(), context.settings.account.id
    if caller["Account"] != wanted:
        return failure(
            f"{caller['Arn']} is of account {caller['Account']}; Pulumi.{context.stack}.yaml names {wanted}",
            "Choose the profile of that account, or correct account.id",
        )
    if caller["Arn"].endswith(":root"):
        return warning("these are the root user's credentials", "Use a role: IAM Identity Center or `ops bootstrap`")
    return ok(caller["Arn"])


def check_region(context: Context) -> Result:
    """The store's Region and the Region of the copies are enabled."""
    account, copy = context.settings.account, context.settings.backup.copy_region
    wanted = [account.region, *([copy] if copy else [])]
    ec2: EC2Client = context.client("ec2")
    regions = ec2.describe_regions(RegionNames=wanted, AllRegions=True)["Regions"]
    disabled = [each.get("RegionName", "?") for each in regions if each.get("OptInStatus") == "not-opted-in"]
    if disabled:
        return failure(f"not enabled: {', '.join(disabled)}", "`aws account enable-region --region-name <region>`")
    return ok(" and ".join(wanted))


def check_zones(context: Context) -> Result:
    """The Region has as many availability zones as the network needs."""
    wanted = context.settings.network.availability_zones
    ec2: EC2Client = context.client("ec2")
    zones = ec2.describe_availability_zones(Filters=[{"Name": "opt-in-status", "Values": ["opt-in-not-required"]}])
    available = [each for each in zones["AvailabilityZones"] if each.get("State") == "available"]
    if len(available) < wanted:
        return failure(f"{len(available)} zones, the network wants {wanted}", "Lower network.availability_zones")
    return ok(f"{len(available)}, of which {wanted} are used")


CHECKS = (
    Check(name="account", run=check_identity, aws=True),
    Check(name="Region", run=check_region, aws=True),
    Check(name="zones", run=check_zones, aws=True),
)
