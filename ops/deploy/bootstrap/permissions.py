"""Permissions of the pipeline's roles: what previews read, what deployments change, and their boundary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from layout.documents import Statement, allow, document
from ops.deploy.bootstrap.documents import BUCKET_SAFEGUARDS, KEY_MANAGEMENT, bucket_arn, deny, state_access
from ops.deploy.bootstrap.target import Target

PERMISSIONS_FILE = Path(__file__).parent / "permissions.yaml"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"

BOUNDARY_SERVICES = (
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
"""Services in the boundary. A boundary grants nothing: a role may do what it and the role's policies both allow."""

KEY_USE = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
    "kms:RetireGrant",
    "kms:RevokeGrant",
)

CHANGING_VERBS = (
    "Add",
    "Attach",
    "Create",
    "Delete",
    "Detach",
    "Pass",
    "Put",
    "Remove",
    "Set",
    "Tag",
    "Untag",
    "Update",
)
"""First words of the IAM actions that change something."""


def preview(target: Target) -> str:
    """Reads the state and decrypts its secrets; it is denied the patients' data that ReadOnlyAccess would show."""
    names = target.names
    readable = [
        f"{bucket_arn(target.state_bucket)}/*",
        # The archive's manifest, which the checks at the end of a study read.
        f"{bucket_arn(names.bucket('archive'))}/*manifest*",
    ]
    no_images = deny("NoImages", ["s3:GetObject*"], [])
    del no_images["Resource"]
    return document(
        *state_access(target, writes=False),
        # A refresh reads the firewall's association; ReadOnlyAccess has wafv2:Get* and no elasticloadbalancing:Get*.
        allow(
            "FirewallOfTheLoadBalancer",
            ["elasticloadbalancing:GetLoadBalancerWebACL"],
            [names.arn("elasticloadbalancing", f"loadbalancer/app/{names.prefix}-*")],
        ),
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
    """Policies of the deploy role by group: the state, and the groups of permissions.yaml."""
    groups = yaml.safe_load(PERMISSIONS_FILE.read_text(encoding="utf-8"))
    return {
        "state": document(*state_access(target, writes=True)),
        **{group: document(*(_statement(target, each) for each in entries)) for group, entries in groups.items()},
    }


def boundary(target: Target) -> str:
    """The permissions boundary of the deploy role: the program's services, and no action that removes the boundary.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    names = target.names
    pipeline = [target.iam(f"role/{names.prefix}-pipeline-*"), target.iam(f"policy/{names.prefix}-pipeline-*")]
    # us-east-1 has the endpoints of IAM, Route 53 and Budgets.
    regions = [*target.regions, *({"us-east-1"} - set(target.regions))]
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": regions}}
    bucket = bucket_arn(target.state_bucket)
    logs = bucket_arn(target.log_bucket)
    return document(
        allow("Services", [f"{service}:*" for service in BOUNDARY_SERVICES], ["*"]),
        allow("KeysManaged", [f"kms:{action}" for action in KEY_MANAGEMENT], ["*"]),
        allow(
            "KeysOfTheStack",
            list(KEY_USE),
            [names.arn("kms", "key/*", region="*")],
            conditions={"ForAnyValue:StringLike": {"kms:ResourceAliases": f"alias/{names.prefix}/*"}},
        ),
        # An alias affects authorization up to five minutes after its creation.
        allow(
            "KeysWithTheStacksTags",
            list(KEY_USE),
            [names.arn("kms", "key/*", region="*")],
            conditions={
                "StringEquals": {"aws:ResourceTag/project": names.study, "aws:ResourceTag/env": names.environment}
            },
        ),
        deny("OtherRegions", ["ec2:*", "ecs:*", "kms:*", "lambda:*", "rds:*"], ["*"], elsewhere),
        deny(
            "TheCeilingStays",
            [f"iam:{verb}*" for verb in CHANGING_VERBS],
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


def _statement(target: Target, entry: dict[str, Any]) -> Statement:
    names = target.names
    values: dict[str, Any] = {
        "prefix": names.prefix,
        "account": names.account,
        "region": names.region,
        "study": names.study,
        "environment": names.environment,
        "zone": target.zone,
    }

    def fill(value: Any) -> Any:
        if value == "{regions}":
            return target.regions
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        return [fill(item) for item in value] if isinstance(value, list) else value.format(**values)

    conditions = entry.get("conditions")
    return allow(
        entry["sid"],
        entry["actions"],
        fill(entry["resources"]),
        conditions=fill(conditions) if conditions else None,
    )
