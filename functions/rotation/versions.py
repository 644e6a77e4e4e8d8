"""Versions of a secret: which value is current, which is pending, and how a pending one becomes current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"


class RotationError(RuntimeError):
    """Secrets Manager requests a step that the state of this secret does not allow."""


@dataclass(frozen=True, kw_only=True)
class Versions:
    """One secret in Secrets Manager; `client` is boto3's."""

    client: Any
    arn: str

    def current(self) -> str:
        """The value in use."""
        return self.client.get_secret_value(SecretId=self.arn, VersionStage=CURRENT)["SecretString"]

    def value(self, token: str) -> str:
        """The value of the version `token`."""
        return self.client.get_secret_value(SecretId=self.arn, VersionId=token)["SecretString"]

    def has_value(self, token: str) -> bool:
        """Whether the version `token` has a value; Secrets Manager announces a new version without one."""
        try:
            self.value(token)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return True

    def propose(self, token: str, value: str) -> None:
        """Stores `value` as the pending version `token`."""
        self.client.put_secret_value(
            SecretId=self.arn, ClientRequestToken=token, SecretString=value, VersionStages=[PENDING]
        )

    def current_version(self) -> str:
        """The version in use."""
        return next(version for version, stages in self._stages().items() if CURRENT in stages)

    def is_current(self, token: str) -> bool:
        """Whether the version `token` is the one in use."""
        return self.current_version() == token

    def promote(self, token: str, *, holder: str) -> None:
        """Makes the version `token` the one in use instead of `holder`; does nothing if it already is."""
        if holder != token:
            self.client.update_secret_version_stage(
                SecretId=self.arn, VersionStage=CURRENT, MoveToVersionId=token, RemoveFromVersionId=holder
            )

    def require_rotation(self, token: str) -> None:
        """RotationError unless rotation is on and the version `token` is pending or current."""
        description = self.client.describe_secret(SecretId=self.arn)
        if not description.get("RotationEnabled"):
            raise RotationError(f"rotation of {self.arn} is off: deploy the stack's SecretRotation again")
        stages = description["VersionIdsToStages"].get(token)
        if stages is None:
            raise RotationError(f"{self.arn} has no version {token}: start a rotation with `rotate-secret`")
        if PENDING not in stages and CURRENT not in stages:
            raise RotationError(f"version {token} of {self.arn} is not pending: start a new rotation")

    def _stages(self) -> dict[str, list[str]]:
        return self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
