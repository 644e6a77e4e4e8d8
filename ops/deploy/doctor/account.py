"""Whose credentials these are, and whether the account and the Region are those of the settings."""

from __future__ import annotations

from typing import Any

from ops.deploy.doctor.check import Check, Patient, Result, failure, ok, warning


def refusal(session: Any, region: str) -> str:
    """Why AWS cannot be asked, or an empty text."""
    from botocore.config import Config  # noqa: PLC0415  slow to import
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = Config(connect_timeout=4, read_timeout=8, retries={"total_max_attempts": 2})
    try:
        if session.get_credentials() is None:
            return "no AWS credentials: `aws sso login`, or set AWS_PROFILE"
        session.client("sts", region_name=region, config=config).get_caller_identity()
    except ClientError as error:
        return f"AWS does not accept the credentials ({error.response['Error']['Code']}): sign in again"
    except BotoCoreError as error:
        return f"AWS cannot be asked: {error}"
    return ""


def identity(patient: Patient) -> Result:
    """The account is that of the settings; the provider would refuse any other."""
    found = patient.client("sts").get_caller_identity()
    wanted = patient.settings.account.id
    if found["Account"] != wanted:
        return failure(
            f"{found['Arn']} is of account {found['Account']}; Pulumi.{patient.stack}.yaml names {wanted}",
            "Choose the profile of that account, or correct account.id",
        )
    if found["Arn"].endswith(":root"):
        return warning("these are the root user's credentials", "Use a role: IAM Identity Center or `ops bootstrap`")
    return ok(found["Arn"])


def region(patient: Patient) -> Result:
    """The Region is enabled, and so is that of the copies."""
    account, copy = patient.settings.account, patient.settings.backup.copy_region
    wanted = [account.region, *([copy] if copy else [])]
    answer = patient.client("ec2").describe_regions(RegionNames=wanted, AllRegions=True)["Regions"]
    off = [each["RegionName"] for each in answer if each.get("OptInStatus") == "not-opted-in"]
    if off:
        return failure(f"not enabled: {', '.join(off)}", "`aws account enable-region --region-name <region>`")
    return ok(" and ".join(wanted))


def zones(patient: Patient) -> Result:
    """There are as many zones as the network wants."""
    wanted = patient.settings.network.availability_zones
    filters = [{"Name": "opt-in-status", "Values": ["opt-in-not-required"]}]
    found = patient.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    names = [each["ZoneName"] for each in found if each["State"] == "available"]
    if len(names) < wanted:
        return failure(f"{len(names)} zones, the network wants {wanted}", "Lower network.availability_zones")
    return ok(f"{len(names)}, of which {wanted} are used")


CHECKS = (
    Check(name="account", run=identity, aws=True),
    Check(name="Region", run=region, aws=True),
    Check(name="zones", run=zones, aws=True),
)
