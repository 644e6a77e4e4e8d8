"""Policies of the state's bucket and key, and of who may assume the pipeline's roles."""

from __future__ import annotations

import json
from typing import Any

from layout.documents import Statement, allow, document, tls_only
from ops.deploy.bootstrap.target import AUDIENCE, ISSUER, Target

KEY_MANAGEMENT = (
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateKey",
    "Delete*",
    "Describe*",
    "Disable*",
    "Enable*",
    "Get*",
    "List*",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "Update*",
)

BUCKET_SAFEGUARDS = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketLogging",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)


def deny(sid: str, actions: list[str], resources: list[str], conditions: dict[str, Any] | None = None) -> Statement:
    """A Deny statement."""
    denied: Statement = {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resources}
    return denied if conditions is None else denied | {"Condition": conditions}


def bucket_arn(name: str) -> str:
    """ARN of a bucket."""
    return f"arn:aws:s3:::{name}"


def state_bucket(target: Target) -> str:
    """TLS 1.2 or newer; the state's key only; the pipeline may neither delete old states nor change the safeguards."""
    arn = bucket_arn(target.state_bucket)
    pipeline = {
        "StringEquals": {"aws:PrincipalArn": [target.iam(f"role/{target.role(use)}") for use in ("preview", "deploy")]}
    }
    other_key = {
        "StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "aws:kms"},
        "Null": {"s3:x-amz-server-side-encryption": "false"},
    }
    return document(
        *(_everybody(each) for each in tls_only(arn)),
        _everybody(deny("RefuseOtherEncryption", ["s3:PutObject"], [f"{arn}/*"], other_key)),
        _everybody(
            deny("PipelineKeepsHistory", ["s3:DeleteObjectVersion", *BUCKET_SAFEGUARDS], [arn, f"{arn}/*"], pipeline)
        ),
    )


def log_bucket(target: Target) -> str:
    """TLS 1.2 or newer; S3 delivers the access log of the state bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    arn = bucket_arn(target.log_bucket)
    delivery = allow(
        "AccessLog",
        ["s3:PutObject"],
        [f"{arn}/*"],
        principal={"Service": "logging.s3.amazonaws.com"},
        conditions={
            "StringEquals": {"aws:SourceAccount": target.names.account},
            "ArnLike": {"aws:SourceArn": bucket_arn(target.state_bucket)},
        },
    )
    return document(
        *(_everybody(each) for each in tls_only(arn)), delivery | {"Resource": f"{arn}/{target.state_bucket}/*"}
    )


def state_key(target: Target) -> str:
    """The account's IAM policies decide who manages and uses the key; the pipeline may use it, not manage it."""
    root = {"AWS": target.iam("root")}
    management = [f"kms:{action}" for action in KEY_MANAGEMENT]
    use = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    roles = [target.iam(f"role/{target.role(use)}") for use in ("preview", "deploy")]
    reading = {"kms:Describe*", "kms:Get*", "kms:List*"}
    return document(
        allow("AccountManages", management, ["*"], principal=root),
        allow("AccountUses", use, ["*"], principal=root),
        _everybody(
            deny(
                "PipelineManagesNothing",
                [action for action in management if action not in reading],
                ["*"],
                {"StringEquals": {"aws:PrincipalArn": roles}},
            )
        ),
    )


def trust(target: Target, use: str) -> str:
    """Only jobs of the repository in the environments of `use` may assume the role.

    https://docs.github.com/en/actions/reference/security/oidc
    """
    subjects = [f"repo:{target.repository}:environment:{name}" for name in target.environments(use)]
    return document(
        {
            "Sid": "Pipeline",
            "Effect": "Allow",
            "Principal": {"Federated": target.provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": subjects}},
        }
    )


def state_access(target: Target, *, writes: bool) -> list[Statement]:
    """Access to Pulumi's state and the key of its secrets. A preview takes no lock, so it writes nothing."""
    arn = bucket_arn(target.state_bucket)
    objects = ["s3:GetObject", *(["s3:PutObject", "s3:DeleteObject"] if writes else [])]
    keys = ["kms:Decrypt", "kms:DescribeKey", *(["kms:Encrypt", "kms:GenerateDataKey"] if writes else [])]
    return [
        allow("ListState", ["s3:ListBucket"], [arn]),
        allow("State", objects, [f"{arn}/.pulumi/*"]),
        allow(
            "StateKey",
            keys,
            [target.names.arn("kms", "key/*")],
            conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": target.alias}},
        ),
    ]


def normalize(value: Any) -> Any:
    """A document in one form, however AWS returns it: a value or a list of one, the order of lists, everybody."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        if value.keys() == {"AWS"} and value["AWS"] in ("*", ["*"]):
            return "*"
        return {key: normalize(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((normalize(item) for item in value), key=str)
        return items[0] if len(items) == 1 else items
    return str(value).lower() if isinstance(value, bool) else value


def _everybody(statement: Statement) -> Statement:
    return statement | {"Principal": {"AWS": "*"}}
