"""What the commands have to know of a stack: its export `ending`, or what the program would export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from ops.study.errors import StudyError, explained

EXPORT = "ending"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A study's stack. `phase` is the one that was deployed."""

    stack: str
    study: str
    environment: str
    account: str
    region: str
    phase: str
    image_bucket: str
    image_prefix: str
    archive_bucket: str
    archive_prefix: str
    database_cluster: str
    task_role: str

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Self:
        """The facts that the stack's exports name; StudyError if they do not."""
        ending = outputs.get(EXPORT)
        if not isinstance(ending, Mapping) or "taskRole" not in outputs:
            raise StudyError(
                f"the stack exports no `{EXPORT}` or no `taskRole`: deploy this version of the program with "
                "`pulumi up` first, and run the command again"
            )
        return cls(
            stack=ending["stack"],
            study=ending["study"],
            environment=ending["environment"],
            account=ending["account"],
            region=ending["region"],
            phase=ending["phase"],
            image_bucket=ending["imageBucket"],
            image_prefix=ending["imagePrefix"],
            archive_bucket=ending["archiveBucket"],
            archive_prefix=ending["archivePrefix"],
            database_cluster=ending["databaseCluster"],
            task_role=outputs["taskRole"],
        )

    @property
    def prefix(self) -> str:
        """`<study>-<environment>`, what every name starts with."""
        return f"{self.study}-{self.environment}"


@dataclass(frozen=True, kw_only=True)
class Clients:
    """boto3 clients of one account and Region. They wait longer after each throttling, ten times, before they give up.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """

    s3: Any
    iam: Any
    sts: Any
    rds: Any
    logs: Any
    backup: Any
    kms: Any
    secrets: Any
    tagging: Any

    @classmethod
    def of(cls, region: str) -> Self:
        """Clients of the caller's credentials."""
        import boto3  # noqa: PLC0415  slow to import
        from botocore.config import Config  # noqa: PLC0415

        session = boto3.session.Session(region_name=region)
        patient = Config(retries={"mode": "standard", "total_max_attempts": 10})
        names = {name: name for name in ("s3", "iam", "sts", "rds", "logs", "backup", "kms")}
        services = {**names, "secrets": "secretsmanager", "tagging": "resourcegroupstaggingapi"}
        return cls(**{name: session.client(service, config=patient) for name, service in services.items()})

    def check(self, facts: Facts) -> str:
        """Who is asking; StudyError if that is not the study's account."""
        with explained("asking who you are", "Sign in to the study's account and run the same command again."):
            identity = self.sts.get_caller_identity()
        if identity["Account"] != facts.account:
            raise StudyError(
                f"you are signed in to the account {identity['Account']}, and {facts.study} is in "
                f"{facts.account}: sign in there, and run the same command again"
            )
        return identity["Arn"]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
