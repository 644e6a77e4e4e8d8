"""Deletes that AWS refuses, and names it keeps taken after one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from rehearsal.cloud.folder import Cloud, Resource
from rehearsal.cloud.properties import at
from rehearsal.cloud.rules.errors import AwsError
from rehearsal.cloud.rules.secrets import made_by_rds
from rehearsal.cloud.tables import data

BUCKET = "aws:s3/bucket:Bucket"
SECRET = "aws:secretsmanager/secret:Secret"
RECOVERY_DAYS = 30
# Deleted by AWS together with what they belong to, or merely pointing at it.
_NO_OBSTACLE = ("aws:cloudwatch/metricAlarm:", "aws:appautoscaling/", "aws:ec2/default", "aws:route53/record:")


def refuse(cloud: Cloud, resource: Resource) -> None:
    """Raises AwsError if AWS would not delete `resource` now."""
    for flag, message in data("behaviours")["protected"].get(resource.type, {}).items():
        if resource.outputs.get(flag) in (True, "ACTIVE"):
            code, _, text = message.partition(": ")
            raise AwsError(code, flag, text)
    if resource.type == BUCKET and not resource.outputs.get("forceDestroy"):
        objects = cloud.folder.parent / "objects" / str(resource.outputs["bucket"])
        if objects.is_dir() and any(path.is_file() for path in objects.rglob("*")):
            raise AwsError("BucketNotEmpty", "bucket", "The bucket you tried to delete is not empty")
    code = data("behaviours")["in_use"].get(resource.type)
    found = [user for user in users(cloud, resource) if not user.type.startswith(_NO_OBSTACLE)] if code else []
    if found:
        names = ", ".join(sorted(user.name for user in found))
        raise AwsError(str(code), "", f"{resource.id} has dependent objects and cannot be deleted: {names}")


def users(cloud: Cloud, resource: Resource) -> list[Resource]:
    """Resources that refer to `resource`: by an id or ARN, which nothing else has, or by name where a map says so."""
    unmistakable = {
        name
        for name in (resource.id, resource.outputs.get("arn"))
        if isinstance(name, str) and (name.startswith("arn:") or re.search(r"-[0-9a-f]{17}$", name))
    }
    others = [other for other in cloud if other.key != resource.key]
    return [other for other in others if unmistakable & other.mentions or _refers(other, resource)]


def _refers(other: Resource, resource: Resource) -> bool:
    for path, target in data("behaviours")["refers"].get(other.type, {}).items():
        kind, _, known_by = target.rpartition(".")
        name = resource.id if known_by == "id" else resource.outputs.get(known_by)
        if kind == resource.type and name in at(other.inputs, path):
            return True
    return False


def after(cloud: Cloud, resource: Resource) -> None:
    """What a delete leaves behind, and what it takes along."""
    for made in made_by_rds(resource):
        cloud.remove(made)
    days = resource.outputs.get("recoveryWindowInDays", RECOVERY_DAYS)
    if resource.type == SECRET and days:
        until = datetime.now(UTC) + timedelta(days=float(days))
        cloud.reserve(str(resource.outputs["name"]), until.date().isoformat())
