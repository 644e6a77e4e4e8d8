"""The key that encrypts the state and the secrets in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ops.deploy.bootstrap import documents
from ops.deploy.bootstrap.resources import Property, Resource, find, tag_list, tags_of, tags_property
from ops.deploy.bootstrap.target import OWNER_KEY, OWNER_VALUE, BootstrapError, Target

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient
    from types_boto3_kms.type_defs import KeyMetadataTypeDef

WAIT_DAYS = 30
"""Time until the deletion, in which this command can cancel it."""


class StateKey:
    """The key, found by its alias, or by its tags if a run was interrupted before it created the alias."""

    def __init__(self, kms: KMSClient, target: Target) -> None:
        self.kms, self.target = kms, target
        self._id: str | None = None

    def arn(self) -> str:
        """ARN of the key, which must exist."""
        return self._describe(self._key_id()).get("Arn", "")

    def resource(self) -> Resource:
        """The key with its alias, rotation and policy."""
        return Resource(
            name=f"key {self.target.alias}",
            exists=self._exists,
            create=self._create,
            remove=self._remove,
            removed=lambda: self._is_pending_deletion() and not self._find_by_alias(),
            properties=[
                Property(
                    what="usable",
                    read=lambda: self._describe(self._key_id()).get("KeyState"),
                    wanted=lambda: "Enabled",
                    write=lambda _: self._enable(),
                ),
                tags_property(
                    self.target.tags,
                    lambda: self._tags(self._key_id()),
                    lambda tags: self.kms.tag_resource(KeyId=self._key_id(), Tags=tag_list(tags, "TagKey", "TagValue")),
                ),
                Property(
                    what="policy",
                    read=lambda: documents.normalize(
                        self.kms.get_key_policy(KeyId=self._key_id(), PolicyName="default")["Policy"]
                    ),
                    wanted=lambda: documents.normalize(documents.state_key(self.target)),
                    write=lambda _: self.kms.put_key_policy(
                        KeyId=self._key_id(), PolicyName="default", Policy=documents.state_key(self.target)
                    ),
                ),
                Property(
                    what="yearly rotation",
                    read=lambda: self.kms.get_key_rotation_status(KeyId=self._key_id())["KeyRotationEnabled"],
                    wanted=lambda: True,
                    write=lambda _: self.kms.enable_key_rotation(KeyId=self._key_id()),
                ),
                Property(
                    what="alias",
                    read=self._find_by_alias,
                    wanted=self._key_id,
                    write=lambda key: self.kms.create_alias(AliasName=self.target.alias, TargetKeyId=key),
                ),
            ],
        )

    def _exists(self) -> bool:
        key = self._find_by_alias()
        if key and self._tags(key).get(OWNER_KEY) != OWNER_VALUE:
            raise BootstrapError(
                f"{self.target.alias} names a key that was not created by this command (no tag {OWNER_KEY}="
                f"{OWNER_VALUE}): give that key another alias, or tag it so to have its settings corrected"
            )
        self._id = key or next(self._find_by_tags(), None)
        return self._id is not None

    def _find_by_alias(self) -> str | None:
        answer = find(lambda: self.kms.describe_key(KeyId=self.target.alias), "NotFoundException")
        return answer["KeyMetadata"]["KeyId"] if answer else None

    def _find_by_tags(self) -> Iterator[str]:
        for page in self.kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                metadata = self._describe(key["KeyId"])
                if metadata.get("KeyManager") == "CUSTOMER" and self._is_ours(key["KeyId"]):
                    yield key["KeyId"]

    def _key_id(self) -> str:
        if self._id is None and not self._exists():
            raise BootstrapError(f"{self.target.alias} does not exist yet")
        return str(self._id)

    def _describe(self, key: str) -> KeyMetadataTypeDef:
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]

    def _tags(self, key: str) -> dict[str, str]:
        return tags_of(self.kms.list_resource_tags(KeyId=key)["Tags"], "TagKey", "TagValue")

    def _is_ours(self, key: str) -> bool:
        """Whether the key has this stack's tags, of those that never change."""
        tags = self._tags(key)
        return all(tags.get(name) == self.target.tags[name] for name in (OWNER_KEY, "project", "env"))

    def _is_pending_deletion(self) -> bool:
        return self._describe(self._key_id()).get("KeyState") == "PendingDeletion"

    def _create(self) -> None:
        answer = self.kms.create_key(
            Description=f"{self.target.names.prefix}: Pulumi's state and the secrets in it",
            Policy=documents.state_key(self.target),
            Tags=tag_list(self.target.tags, "TagKey", "TagValue"),
        )
        self._id = answer["KeyMetadata"]["KeyId"]

    def _enable(self) -> None:
        if self._is_pending_deletion():
            self.kms.cancel_key_deletion(KeyId=self._key_id())
        self.kms.enable_key(KeyId=self._key_id())

    def _remove(self) -> None:
        key = self._key_id()
        if not self._is_pending_deletion():
            self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=WAIT_DAYS)
        if self._find_by_alias():
            self.kms.delete_alias(AliasName=self.target.alias)
