"""The names of everything that exists before the first `pulumi up`, from the stack's settings and the repository."""

from __future__ import annotations

import re
from dataclasses import dataclass

from layout.naming import Names, check_name
from ops.errors import OperatorError
from ops.plan import load_settings

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
OWNER_KEY, OWNER_VALUE = "made-by", "image-store-bootstrap"
"""Tag of the resources that the command may change and remove."""


class BootstrapError(OperatorError):
    """A decision or correction that a person has to make; nothing was changed since the last line printed."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The names of a stack's foundation."""

    stack: str
    repository: str
    names: Names
    zone: str
    copy_region: str | None = None

    def __post_init__(self) -> None:
        if REPOSITORY.fullmatch(self.repository) is None:
            raise BootstrapError(f"{self.repository!r} is not a GitHub repository: write it as owner/name")

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the resources of this stack."""
        names = self.names
        return {
            OWNER_KEY: OWNER_VALUE,
            "project": names.study,
            "env": names.environment,
            "cost-center": names.cost_center,
            "owner": names.contact,
        }

    @property
    def regions(self) -> list[str]:
        """Regions in which the stack has resources."""
        return [self.names.region, *([self.copy_region] if self.copy_region else [])]

    @property
    def state_bucket(self) -> str:
        """Bucket of Pulumi's state."""
        return self.names.bucket("state")

    @property
    def log_bucket(self) -> str:
        """Bucket of the state bucket's access log."""
        return self.names.bucket("state-logs")

    @property
    def alias(self) -> str:
        """Alias of the key that encrypts the state and the secrets in it."""
        return check_name("kms.Alias", f"alias/{self.names.prefix}/state")

    @property
    def provider(self) -> str:
        """ARN of GitHub's identity provider; an account has one."""
        return self.iam(f"oidc-provider/{ISSUER}")

    @property
    def boundary(self) -> str:
        """Name of the permissions boundary."""
        return self.names.of("iam.Policy", "boundary")

    def role(self, use: str) -> str:
        """Name of the role `preview` or `deploy`."""
        return self.names.of("iam.Role", f"pipeline-{use}")

    def policy(self, suffix: str) -> str:
        """Name of a policy of the roles."""
        return self.names.of("iam.Policy", f"pipeline-{suffix}")

    def iam(self, resource: str) -> str:
        """ARN of an IAM resource of the account."""
        return self.names.arn("iam", resource, region="")

    def environments(self, use: str) -> list[str]:
        """Environments of GitHub whose jobs take the role `use`: .github/workflows/README.md."""
        return [f"{self.stack}-preview"] if use == "preview" else [self.stack, f"{self.stack}-destroy"]


def load_target(stack: str, repository: str) -> Target:
    """The target of `stack`, from its settings. Raises SettingsError or PlanError where they are wrong."""
    settings = load_settings(stack)
    return Target(
        stack=stack,
        repository=repository,
        names=settings.names,
        zone=settings.dns.zone_id,
        copy_region=settings.backup.copy_region,
    )
