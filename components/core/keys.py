"""Customer-managed KMS keys, one per data class, so that access to one class never opens another."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import kms

from components.core.component import ScopedComponent
from components.core.key_policies import copy_policy, key_policy
from components.core.scope import Scope
from layout.documents import Statement, allow
from layout.naming import Names, check_name

DELETION_WINDOW_DAYS = 30

# After teardown these still decrypt what is kept: the final snapshot, the archive, the audit trail and the backups.
RETAINED = frozenset({"database", "archive", "audit", "backup"})

USES = {
    "images": "DICOM objects and task disks",
    "database": "Aurora storage, snapshots and backups",
    "secrets": "Secrets Manager",
    "logs": "CloudWatch Logs and alarms",
    "archive": "the study's archive",
    "audit": "the audit trail",
    "backup": "AWS Backup vaults",
}

COPIED = ("images", "backup")
"""Data classes with a key of their own in the Region of the copies."""


def alias(names: Names, use: str) -> str:
    """Alias of the key for the data class `use`."""
    return check_name("kms.Alias", f"alias/{names.prefix}/{use}")


def use_key(
    sid: str, names: Names, use: str, actions: Sequence[str], *, via: str, region: str | None = None
) -> Statement:
    """IAM statement: may call `actions` on the key of the data class `use`, through the service `via` alone.

    `region` names the Region of the copies, whose keys have the same aliases.

    The key is named by its alias, so that the document is known before the key is.
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    return allow(
        sid,
        actions,
        [names.arn("kms", "key/*", region=region)],
        conditions={
            "StringEquals": {"kms:ViaService": f"{via}.{region or names.region}.amazonaws.com"},
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": alias(names, use)},
        },
    )


class Keys(ScopedComponent):
    """Creates one rotating symmetric key and alias per data class.

    Guarantees: yearly rotation, 30 days before a deletion takes effect, a key policy that names the services allowed
    to use it. The keys of what outlives the system (`RETAINED`) stay in AWS when the stack is destroyed. With
    `copy_region`, what is copied there (`COPIED`) has a key there: a KMS key never leaves its Region.
    """

    TYPE = "imgstore:keys:Keys"

    def __init__(
        self, name: str, scope: Scope, *, copy_region: str | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, scope, opts)
        keys = {use: self._key(use, use, policy=self._policy(use)) for use in USES}
        self.images, self.database = keys["images"], keys["database"]
        self.secrets, self.logs, self.archive = keys["secrets"], keys["logs"], keys["archive"]
        self.audit, self.backup = keys["audit"], keys["backup"]
        self._copies = {
            use: self._key(f"{use}-copy", use, policy=copy_policy(self.names), region=copy_region)
            for use in COPIED
            if copy_region
        }
        self.register_outputs({use: key.arn for use, key in keys.items()})

    def copy(self, use: str) -> kms.Key:
        """The key of the data class `use` in the Region of the copies; there is one only with `copy_region`."""
        return self._copies[use]

    def _policy(self, use: str) -> str:
        return key_policy(use, self.names, archiving=self.lifecycle.archiving)

    def _key(self, suffix: str, use: str, *, policy: str, region: str | None = None) -> kms.Key:
        key = kms.Key(
            self.child(suffix),
            description=f"{self.names.prefix}: {USES[use]}",
            policy=policy,
            region=region,
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            tags=self.names.tags(suffix, self.names.data),
            opts=self.stateful(retain_on_delete=use in RETAINED),
        )
        kms.Alias(
            self.child(f"{suffix}-alias"),
            name=alias(self.names, use),
            target_key_id=key.key_id,
            region=region,
            opts=self.options(),
        )
        return key
