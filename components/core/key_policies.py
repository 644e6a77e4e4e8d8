"""Key policies: the account, and only the services that encrypt a data class by themselves.

Roles are not named here: they get a key through their own policies (`keys.use_key`), which the account's statement
allows.
"""

from __future__ import annotations

from layout.documents import Statement, allow, document
from layout.naming import Names


def administration(names: Names) -> Statement:
    """The account may administer the key and delegate its use to IAM policies, which name the key.

    Without it a key becomes unmanageable: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    root = names.arn("iam", "root", region="")
    return allow("AccountAdministration", ["kms:*"], ["*"], principal={"AWS": root})


def cloudwatch_logs(names: Names) -> Statement:
    """CloudWatch Logs may use the key for this stack's log groups.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    groups = names.arn("logs", f"log-group:*{names.prefix}*")
    return allow(
        "CloudWatchLogs",
        ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        ["*"],
        principal={"Service": f"logs.{names.region}.amazonaws.com"},
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )


def alarm_publishers(names: Names) -> Statement:
    """CloudWatch and Budgets may encrypt what they publish to this account's alarm topic.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return allow(
        "AlarmPublishers",
        ["kms:GenerateDataKey*", "kms:Decrypt"],
        ["*"],
        principal={"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
        conditions={"StringEquals": {"aws:SourceAccount": names.account}},
    )


def audit_trail(names: Names) -> Statement:
    """CloudTrail may encrypt the records of this stack's trail; it decrypts because of the bucket key.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    """
    trail = names.arn("cloudtrail", f"trail/{names.trail}")
    return allow(
        "AuditTrail",
        ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
        ["*"],
        principal={"Service": "cloudtrail.amazonaws.com"},
        conditions={"StringEquals": {"aws:SourceArn": trail}},
    )


def fargate_disks(names: Names) -> list[Statement]:
    """Fargate may encrypt the task disks of this stack's cluster.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-create-storage-key.html
    """
    principal = {"Service": "fargate.amazonaws.com"}
    context = {
        "kms:EncryptionContext:aws:ecs:clusterAccount": [names.account],
        "kms:EncryptionContext:aws:ecs:clusterName": [names.cluster],
    }
    return [
        allow(
            "FargateDataKey",
            ["kms:GenerateDataKeyWithoutPlaintext"],
            ["*"],
            principal=principal,
            conditions={"StringEquals": context},
        ),
        allow(
            "FargateGrant",
            ["kms:CreateGrant"],
            ["*"],
            principal=principal,
            conditions={"StringEquals": context, "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}},
        ),
    ]


def log_exports(names: Names) -> Statement:
    """CloudWatch Logs may encrypt what it exports to a bucket of this account.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
    """
    return allow(
        "LogExports",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        ["*"],
        principal={"Service": f"logs.{names.region}.amazonaws.com"},
        conditions={
            "StringEquals": {"aws:SourceAccount": names.account},
            "ArnLike": {"aws:SourceArn": names.arn("logs", "log-group:*")},
        },
    )


def key_policy(use: str, names: Names, *, archiving: bool = False) -> str:
    """Key policy of the data class `use`; `archiving` opens the archive's key to what writes the archive."""
    services: dict[str, list[Statement]] = {
        "images": fargate_disks(names),
        "logs": [cloudwatch_logs(names), alarm_publishers(names)],
        "audit": [audit_trail(names)],
        "archive": [log_exports(names)] if archiving else [],
    }
    return document(administration(names), *services.get(use, []))


def copy_policy(names: Names) -> str:
    """Key policy in the Region of the copies: only roles use those keys."""
    return document(administration(names))
