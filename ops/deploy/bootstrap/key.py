"""The key that encrypts the state and the secrets in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.deploy.bootstrap import documents
from ops.deploy.bootstrap.target import MAKER, MARK, BootstrapError, Target
from ops.deploy.bootstrap.things import Aspect, Thing, found, tag_list, tags_aspect, tags_of

WAIT_DAYS = 30
"""Time in which the deletion can be taken back, by this same command."""


class StateKey:
    """Finds the key by its alias; where a run broke off before there was one, by its tags."""

    def __init__(self, kms: Any, target: Target) -> None:
        self.kms, self.target = kms, target
        self._id: str | None = None

    def arn(self) -> str:
        """ARN of the key, once there is one."""
        return self._describe(self._known())["Arn"]

    def thing(self) -> Thing:
        """The key with its alias, rotation and policy."""
        return Thing(
            name=f"key {self.target.alias}",
            exists=self._exists,
            create=self._create,
            remove=self._remove,
            removed=lambda: self._pending() and not self._aliased(),
            aspects=[
                Aspect(
                    what="usable",
                    read=lambda: self._describe(self._known())["KeyState"],
                    wanted=lambda: "Enabled",
                    write=lambda _: self._revive(),
                ),
                tags_aspect(
                    self.target.tags,
                    lambda: self._tags(self._known()),
                    lambda tags: self.kms.tag_resource(KeyId=self._known(), Tags=tag_list(tags, "TagKey", "TagValue")),
                ),
                Aspect(
                    what="policy",
                    read=lambda: documents.normal(
                        self.kms.get_key_policy(KeyId=self._known(), PolicyName="default")["Policy"]
                    ),
                    wanted=lambda: documents.normal(documents.state_key(self.target)),
                    write=lambda _: self.kms.put_key_policy(
                        KeyId=self._known(), PolicyName="default", Policy=documents.state_key(self.target)
                    ),
                ),
                Aspect(
                    what="yearly rotation",
                    read=lambda: self.kms.get_key_rotation_status(KeyId=self._known())["KeyRotationEnabled"],
                    wanted=lambda: True,
                    write=lambda _: self.kms.enable_key_rotation(KeyId=self._known()),
                ),
                Aspect(
                    what="alias",
                    read=self._aliased,
                    wanted=self._known,
                    write=lambda key: self.kms.create_alias(AliasName=self.target.alias, TargetKeyId=key),
                ),
            ],
        )

    def _exists(self) -> bool:
        aliased = self._aliased()
        if aliased and self._tags(aliased).get(MARK) != MAKER:
            raise BootstrapError(
                f"{self.target.alias} names a key that was not made by this command (no tag {MARK}={MAKER}): "
                f"give that key another alias, or tag it so to have it brought in line"
            )
        self._id = aliased or next(self._unnamed(), None)
        return self._id is not None

    def _aliased(self) -> str | None:
        answer = found(lambda: self.kms.describe_key(KeyId=self.target.alias), "NotFoundException")
        return answer["KeyMetadata"]["KeyId"] if answer else None

    def _unnamed(self) -> Iterator[str]:
        for page in self.kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                metadata = self._describe(key["KeyId"])
                if metadata["KeyManager"] == "CUSTOMER" and self._marks(key["KeyId"]) == self._marks():
                    yield key["KeyId"]

    def _known(self) -> str:
        if self._id is None and not self._exists():
            raise BootstrapError(f"{self.target.alias} does not exist yet")
        return str(self._id)

    def _describe(self, key: str) -> dict[str, Any]:
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]

    def _tags(self, key: str) -> dict[str, str]:
        return tags_of(self.kms.list_resource_tags(KeyId=key)["Tags"], "TagKey", "TagValue")

    def _marks(self, key: str | None = None) -> list[str | None]:
        """Whose the key is: the tags that never change."""
        tags = self.target.tags if key is None else self._tags(key)
        return [tags.get(name) for name in (MARK, "project", "env")]

    def _pending(self) -> bool:
        return self._describe(self._known())["KeyState"] == "PendingDeletion"

    def _create(self) -> None:
        made = self.kms.create_key(
            Description=f"{self.target.names.prefix}: Pulumi's state and the secrets in it",
            Policy=documents.state_key(self.target),
            Tags=tag_list(self.target.tags, "TagKey", "TagValue"),
        )
        self._id = made["KeyMetadata"]["KeyId"]

    def _revive(self) -> None:
        if self._pending():
            self.kms.cancel_key_deletion(KeyId=self._known())
        self.kms.enable_key(KeyId=self._known())

    def _remove(self) -> None:
        key = self._known()
        if not self._pending():
            self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=WAIT_DAYS)
        if self._aliased():
            self.kms.delete_alias(AliasName=self.target.alias)
