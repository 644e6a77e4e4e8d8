"""Customer-managed KMS keys, one per data class, so that access to one class never opens another."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import kms

from components.base import Component, Scope
from components.documents import Statement, allow, document
from components.naming import Names, checked

DELETION_WINDOW_DAYS = 30

# After teardown these still decrypt what is kept: the final database snapshot and the archive.
RETAINED = frozenset({"database", "archive"})

USES = {
    "images": "DICOM objects and task disks",
    "database": "Aurora storage, snapshots and backups",
    "secrets": "Secrets Manager",
    "logs": "CloudWatch Logs and alarms",
    "archive": "the study's archive",
}


def alias(names: Names, use: str) -> str:
    """Alias of the key for the data class `use`."""
    return checked("kms.Alias", f"alias/{names.prefix}/{use}")


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


def fargate_disks(names: Names) -> list[Statement]:
    """Fargate may encrypt the task disks of this stack's cluster.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-create-storage-key.html
    """
    principal = {"Service": "fargate.amazonaws.com"}
    context = {
        "kms:EncryptionContext:aws:ecs:clusterAccount": [names.account],
        "kms:EncryptionContext:aws:ecs:clusterName": [names.of("ecs.Cluster", "store")],
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


def key_policy(use: str, names: Names) -> str:
    """Key policy of the data class `use`: the account, and only the services that encrypt that class by themselves."""
    services: dict[str, list[Statement]] = {
        "images": fargate_disks(names),
        "logs": [cloudwatch_logs(names), alarm_publishers(names)],
    }
    return document(administration(names), *services.get(use, []))


def use_key(sid: str, names: Names, use: str, actions: Sequence[str], *, via: str) -> Statement:
    """IAM statement: may call `actions` on the key of the data class `use`, through the service `via` alone.

    The key is named by its alias, so that the document is known before the key is.
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    return allow(
        sid,
        actions,
        [names.arn("kms", "key/*")],
        conditions={
            "StringEquals": {"kms:ViaService": f"{via}.{names.region}.amazonaws.com"},
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": alias(names, use)},
        },
    )


class Keys(Component):
    """Creates one rotating symmetric key and alias per data class.

    Guarantees: yearly rotation, 30 days before a deletion takes effect, a key policy that names the services allowed
    to use it. The keys of what outlives the system (`RETAINED`) stay in AWS when the stack is destroyed.
    """

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, scope, opts)
        keys = {use: self._key(use, description) for use, description in USES.items()}
        self.images, self.database = keys["images"], keys["database"]
        self.secrets, self.logs, self.archive = keys["secrets"], keys["logs"], keys["archive"]
        self.register_outputs({use: key.arn for use, key in keys.items()})

    def _key(self, use: str, description: str) -> kms.Key:
        key = kms.Key(
            self.child(use),
            description=f"{self.names.prefix}: {description}",
            policy=key_policy(use, self.names),
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            tags=self.names.tags(use, self.names.data),
            opts=self.stateful(retain_on_delete=use in RETAINED),
        )
        kms.Alias(
            self.child(f"{use}-alias"),
            name=alias(self.names, use),
            target_key_id=key.key_id,
            opts=self.options(),
        )
        return key
