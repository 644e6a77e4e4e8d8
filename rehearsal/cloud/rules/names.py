"""Names that are taken: by a resource, also one that outlived a destroy, or by a secret that can still be recovered."""

from __future__ import annotations

from typing import Any

from awsmodel.tables import name_property
from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud

SECRET = "aws:secretsmanager/secret:Secret"
GLOBAL = frozenset({"aws:s3/bucket:Bucket", "aws:iam/role:Role", "aws:iam/policy:Policy"})
"""Types whose names are unique in all Regions; those of all other types are unique per Region."""


def check_name(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """A name is unique; that of a deleted secret stays reserved until the secret is purged."""
    key = name_property(token) or ""
    name = inputs.get(key)
    if not isinstance(name, str):
        return
    scope = inputs.get("vpcId")  # security groups are named within their VPC
    for other in cloud.of_type(token):
        same = other.outputs.get(key) == name and other.inputs.get("vpcId") == scope
        regional = token not in GLOBAL and other.inputs.get("region") != inputs.get("region")
        if same and not regional and other.inputs.get("cluster") == inputs.get("cluster"):
            code = behaviours()["name_taken"].get(token, "ResourceAlreadyExistsException")
            raise AwsError(code, key, f"{name} exists already ({other.name})")
    if token == SECRET and name in cloud.reserved_names():
        until = cloud.reserved_names()[name]
        message = f"a secret {name} is already scheduled for deletion; the name is free after {until}"
        raise AwsError("InvalidRequestException", key, message)
