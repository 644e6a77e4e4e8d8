"""Rights of the pipeline's roles: what a preview reads, what a deployment changes, and the ceiling of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from layout.documents import Statement, allow, document
from ops.deploy.bootstrap.documents import BUCKET_SAFEGUARDS, KEY_MANAGEMENT, bucket_arn, deny, state_access
from ops.deploy.bootstrap.target import Target

RIGHTS_FILE = Path(__file__).parent / "rights.yaml"
READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"

CEILING = (
    "access-analyzer",
    "acm",
    "application-autoscaling",
    "backup",
    "backup-storage",
    "budgets",
    "cloudtrail",
    "cloudwatch",
    "cognito-idp",
    "config",
    "ec2",
    "ecr",
    "ecs",
    "elasticloadbalancing",
    "events",
    "firehose",
    "guardduty",
    "iam",
    "lambda",
    "logs",
    "rds",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "servicediscovery",
    "sns",
    "states",
    "sts",
    "tag",
    "wafv2",
)
"""Services that the boundary lets through. It grants nothing; a role has what its own policies and this both allow."""

KEY_USE = ("kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")

CHANGES = ("Add", "Attach", "Create", "Delete", "Detach", "Pass", "Put", "Remove", "Set", "Tag", "Untag", "Update")
"""Verbs of IAM that change something."""


def preview(target: Target) -> str:
    """Reads the state and decrypts what is secret in it. What ReadOnlyAccess would show of patients, it may not see."""
    names = target.names
    readable = [
        f"{bucket_arn(target.state_bucket)}/*",
        # The record of the archive, which the end of a study asks for.
        f"{bucket_arn(names.bucket('archive'))}/*manifest*",
    ]
    no_images = deny("NoImages", ["s3:GetObject*"], [])
    del no_images["Resource"]
    return document(
        *state_access(target, writes=False),
        no_images | {"NotResource": readable},
        deny(
            "NoRecordsOfPeople",
            [
                "athena:GetQueryResults*",
                "cognito-idp:AdminGetUser",
                "cognito-idp:ListUsers*",
                "logs:FilterLogEvents",
                "logs:GetLogEvents",
                "logs:GetLogRecord",
                "logs:GetQueryResults",
                "logs:StartLiveTail",
                "logs:StartQuery",
                "rds:DownloadDBLogFilePortion",
                "rds:DownloadCompleteDBLogFile",
                "secretsmanager:GetSecretValue",
            ],
            ["*"],
        ),
    )


def deploy(target: Target) -> dict[str, str]:
    """Policies of the deploy role by group: the state, and the groups of rights.yaml."""
    groups = yaml.safe_load(RIGHTS_FILE.read_text(encoding="utf-8"))
    found = {"state": document(*state_access(target, writes=True))}
    return found | {group: document(*(_statement(target, each) for each in listed)) for group, listed in groups.items()}


def boundary(target: Target) -> str:
    """The ceiling of the deploy role: only the program's services, and nothing that would lift the ceiling.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    names = target.names
    pipeline = [target.iam(f"role/{names.prefix}-pipeline-*"), target.iam(f"policy/{names.prefix}-pipeline-*")]
    here = {"StringNotEquals": {"aws:RequestedRegion": target.regions}}
    everywhere = {"us-east-1"} - set(target.regions)
    if everywhere:  # where IAM, Route 53, Budgets and CloudFront's certificates are
        here["StringNotEquals"]["aws:RequestedRegion"] = [*target.regions, *everywhere]
    bucket = bucket_arn(target.state_bucket)
    logs = bucket_arn(target.log_bucket)
    return document(
        allow("Services", [f"{service}:*" for service in CEILING], ["*"]),
        allow("KeysManaged", [f"kms:{action}" for action in KEY_MANAGEMENT], ["*"]),
        allow(
            "KeysOfTheStack",
            list(KEY_USE),
            [names.arn("kms", "key/*", region="*")],
            conditions={"ForAnyValue:StringLike": {"kms:ResourceAliases": f"alias/{names.prefix}/*"}},
        ),
        deny("OtherRegions", ["ec2:*", "ecs:*", "kms:*", "lambda:*", "rds:*"], ["*"], here),
        deny(
            "TheCeilingStays",
            [f"iam:{verb}*" for verb in CHANGES],
            [*pipeline, target.iam(f"policy/{target.boundary}"), target.provider],
        ),
        deny("Boundaries", ["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"], ["*"]),
        deny("People", ["iam:*AccessKey*", "iam:*Group*", "iam:*LoginProfile", "iam:*User*"], ["*"]),
        deny("AnotherRole", ["sts:AssumeRole*"], ["*"]),
        deny("StateSafeguards", ["s3:DeleteObjectVersion", *BUCKET_SAFEGUARDS], [bucket, f"{bucket}/*"]),
        deny("AccessLog", ["s3:Delete*", "s3:Put*"], [logs, f"{logs}/*"]),
        deny(
            "StateKeySafeguards",
            ["kms:Delete*", "kms:Disable*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:Update*"],
            ["*"],
            {"ForAnyValue:StringEquals": {"kms:ResourceAliases": target.alias}},
        ),
        deny("TrailsGoOn", ["cloudtrail:StopLogging"], ["*"]),
        {
            "Sid": "OtherTrails",
            "Effect": "Deny",
            "Action": ["cloudtrail:Delete*", "cloudtrail:Put*", "cloudtrail:Update*"],
            "NotResource": [names.arn("cloudtrail", f"trail/{names.prefix}-*")],
        },
    )


def _statement(target: Target, written: dict[str, Any]) -> Statement:
    names = target.names
    values: dict[str, Any] = {
        "prefix": names.prefix,
        "account": names.account,
        "region": names.region,
        "study": names.study,
        "environment": names.environment,
        "zone": target.zone,
    }

    def filled(value: Any) -> Any:
        if value == "{regions}":
            return target.regions
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        return [filled(item) for item in value] if isinstance(value, list) else value.format(**values)

    conditions = written.get("conditions")
    return allow(
        written["sid"],
        written["actions"],
        filled(written["resources"]),
        conditions=filled(conditions) if conditions else None,
    )
