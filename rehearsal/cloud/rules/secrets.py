"""Secrets that RDS creates, and the rotation of others."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud, Resource, key_of

CLUSTER, SECRET = "aws:rds/cluster:Cluster", "aws:secretsmanager/secret:Secret"
INVOKER = "secretsmanager.amazonaws.com"


def check_rotation(cloud: Cloud, token: str, inputs: dict[str, Any], *, account: str) -> None:
    """Secrets Manager invokes the function as soon as rotation is set up, so the permission must exist by then."""
    if token != "aws:secretsmanager/secretRotation:SecretRotation" or "rotationLambdaArn" not in inputs:
        return
    function = cloud.find(inputs["rotationLambdaArn"], "aws:lambda/function:Function")
    allowed = [
        one.inputs
        for one in cloud.of_type("aws:lambda/permission:Permission")
        if function is not None
        and one.inputs["function"] in function.identifiers()
        and one.inputs["principal"] == INVOKER
        and one.inputs.get("sourceArn", inputs["secretId"]) == inputs["secretId"]
        and one.inputs.get("sourceAccount", account) == account
    ]
    if not allowed:
        message = "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants"
        raise AwsError("AccessDeniedException", "rotationLambdaArn", f"{message} access to the principal {INVOKER}")


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
