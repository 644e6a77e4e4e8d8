"""Deletes that AWS rejects, and names that stay reserved after one."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta

from awsmodel.properties import values_at
from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.registry import REPOSITORY
from rehearsal.cloud.resources import Cloud, Resource
from rehearsal.cloud.rules.databases import rds_secrets

BUCKET = "aws:s3/bucket:Bucket"
SECRET = "aws:secretsmanager/secret:Secret"
RECOVERY_DAYS = 30
# AWS deletes these with the resource they belong to, or does not mind their reference to it.
_NO_OBSTACLE = ("aws:cloudwatch/metricAlarm:", "aws:appautoscaling/", "aws:ec2/default", "aws:route53/record:")


def check_delete(cloud: Cloud, resource: Resource) -> None:
    """Raise AwsError if AWS would not delete `resource` now."""
    for flag, message in behaviours()["protected"].get(resource.type, {}).items():
        if resource.outputs.get(flag) in (True, "ACTIVE"):
            code, _, text = message.partition(": ")
            raise AwsError(code, flag, text)
    if resource.type == BUCKET and not resource.outputs.get("forceDestroy"):
        objects = cloud.folder.parent / "objects" / str(resource.outputs["bucket"])
        if objects.is_dir() and any(path.is_file() for path in objects.rglob("*")):
            raise AwsError("BucketNotEmpty", "bucket", "The bucket you tried to delete is not empty")
    forced = resource.outputs.get(behaviours()["forced"].get(resource.type, ""))
    code = None if forced else behaviours()["in_use"].get(resource.type)
    found = [user for user in find_users(cloud, resource) if not user.type.startswith(_NO_OBSTACLE)] if code else []
    if found:
        names = ", ".join(sorted(user.name for user in found))
        raise AwsError(str(code), "", f"{resource.id} has dependent objects and cannot be deleted: {names}")


def find_users(cloud: Cloud, resource: Resource) -> list[Resource]:
    """Resources that refer to `resource`: by a unique id or ARN, or by name where `behaviours.yaml` says so."""
    unique = {
        name
        for name in (resource.id, resource.outputs.get("arn"))
        if isinstance(name, str) and (name.startswith("arn:") or re.search(r"-[0-9a-f]{17}$", name))
    }
    others = [other for other in cloud if other.key != resource.key]
    return [other for other in others if unique & other.mentions or _refers(other, resource)]


def _refers(other: Resource, resource: Resource) -> bool:
    for path, target in behaviours()["refers"].get(other.type, {}).items():
        kind, _, known_by = target.rpartition(".")
        name = resource.id if known_by == "id" else resource.outputs.get(known_by)
        if kind == resource.type and name in values_at(other.inputs, path):
            return True
    return False


def finish_delete(cloud: Cloud, resource: Resource) -> None:
    """Delete what AWS deletes along with `resource`, and reserve a secret's name."""
    for secret in rds_secrets(resource):
        cloud.remove(secret)
    if resource.type == REPOSITORY:
        shutil.rmtree(cloud.folder.parent / "images" / str(resource.outputs["name"]), ignore_errors=True)
    days = resource.outputs.get("recoveryWindowInDays", RECOVERY_DAYS)
    if resource.type == SECRET and days:
        until = datetime.now(UTC) + timedelta(days=float(days))
        cloud.reserve(str(resource.outputs["name"]), until.date().isoformat())
