"""Aurora clusters: the versions to which one can change, and the master secret that RDS creates."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Resource, key_of

CLUSTER, SECRET = "aws:rds/cluster:Cluster", "aws:secretsmanager/secret:Secret"
VERSION = "engineVersion"


def requested_version(token: str, olds: dict[str, Any], news: dict[str, Any], running: Resource) -> dict[str, Any]:
    """The new inputs with the version that the cluster has afterwards; AwsError if RDS cannot change to it.

    RDS may have upgraded the minor version itself. The provider sends the version only if it differs from that in the
    state, so an unchanged input keeps the running version; after a refresh a pinned older one requests a downgrade.
    https://github.com/pulumi/pulumi-aws/issues/5756
    """
    wanted, current = news.get(VERSION), running.outputs.get(VERSION)
    if token != CLUSTER or wanted is None or current is None:
        return news
    if wanted == olds.get(VERSION):
        return {**news, VERSION: current}
    if _numbers(wanted) < _numbers(current):
        message = f"Cannot upgrade {news.get('engine')} from {current} to {wanted}"
        raise AwsError("InvalidParameterCombination", VERSION, message)
    if _numbers(wanted)[0] > _numbers(current)[0] and not news.get("allowMajorVersionUpgrade"):
        message = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version"
        raise AwsError("InvalidParameterCombination", VERSION, message)
    return news


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def check_master_key(token: str, inputs: dict[str, Any], old: Resource | None) -> None:
    """The key of a master secret cannot change."""
    key = "masterUserSecretKmsKeyId"
    if token != CLUSTER or old is None or not old.inputs.get("manageMasterUserPassword"):
        return
    if old.inputs.get(key) != inputs.get(key):
        message = "You can't change the KMS key of a master user secret that RDS manages already"
        raise AwsError("InvalidParameterCombination", key, message)


def rds_secrets(cluster: Resource) -> list[Resource]:
    """The master secret of `cluster`, where RDS manages it. The engine does not know it, so its URN is a placeholder.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
    """
    if cluster.type != CLUSTER:
        return []
    return [_master_secret(cluster, secret) for secret in cluster.outputs.get("masterUserSecrets", [])]


def _master_secret(cluster: Resource, secret: dict[str, str]) -> Resource:
    arn = secret["secretArn"]
    name = arn.rpartition(":")[2][: -len("-Ab1Cd2")]
    tags = {"aws:rds:primaryDBClusterArn": cluster.outputs["arn"], "aws:secretsmanager:owningService": "rds"}
    return Resource(
        key=key_of(name, arn),
        urn=f"rds::{name}",
        type=SECRET,
        id=arn,
        inputs={"kmsKeyId": secret["kmsKeyId"]},
        outputs={"arn": arn, "name": name, "tags": tags},
    )
