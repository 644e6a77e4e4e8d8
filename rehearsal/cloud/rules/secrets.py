"""Secrets that RDS makes, and the rotation of others."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.folder import Cloud, Resource, key_of
from rehearsal.cloud.rules.errors import AwsError

CLUSTER, SECRET = "aws:rds/cluster:Cluster", "aws:secretsmanager/secret:Secret"
INVOKER = "secretsmanager.amazonaws.com"


def rotation_may_call_its_function(cloud: Cloud, token: str, inputs: dict[str, Any], *, account: str) -> None:
    """Secrets Manager tries the function when rotation is set up, so it has to be allowed to by then."""
    if token != "aws:secretsmanager/secretRotation:SecretRotation" or "rotationLambdaArn" not in inputs:
        return
    function = cloud.find(inputs["rotationLambdaArn"], "aws:lambda/function:Function")
    allowed = [
        one.inputs
        for one in cloud.of_type("aws:lambda/permission:Permission")
        if function is not None
        and one.inputs["function"] in function.answers_to()
        and one.inputs["principal"] == INVOKER
        and one.inputs.get("sourceArn", inputs["secretId"]) == inputs["secretId"]
        and one.inputs.get("sourceAccount", account) == account
    ]
    if not allowed:
        message = "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants"
        raise AwsError("AccessDeniedException", "rotationLambdaArn", f"{message} access to the principal {INVOKER}")


def master_keys_stay(token: str, inputs: dict[str, Any], old: Resource | None) -> None:
    """The key of a master secret is chosen once."""
    key = "masterUserSecretKmsKeyId"
    if token != CLUSTER or old is None or not old.inputs.get("manageMasterUserPassword"):
        return
    if old.inputs.get(key) != inputs.get(key):
        message = "You can't change the KMS key of a master user secret that RDS manages already"
        raise AwsError("InvalidParameterCombination", key, message)


def made_by_rds(cluster: Resource) -> list[Resource]:
    """The master secret of `cluster`, where RDS manages it. No engine knows it, so what stands for its URN is none.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
    """
    if cluster.type != CLUSTER:
        return []
    return [_master_secret(cluster, told) for told in cluster.outputs.get("masterUserSecrets", [])]


def _master_secret(cluster: Resource, told: dict[str, str]) -> Resource:
    arn = told["secretArn"]
    name = arn.rpartition(":")[2][: -len("-Ab1Cd2")]
    tags = {"aws:rds:primaryDBClusterArn": cluster.outputs["arn"], "aws:secretsmanager:owningService": "rds"}
    return Resource(
        key=key_of(name, arn),
        urn=f"rds::{name}",
        type=SECRET,
        id=arn,
        inputs={"kmsKeyId": told["kmsKeyId"]},
        outputs={"arn": arn, "name": name, "tags": tags},
    )
