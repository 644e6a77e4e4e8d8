"""boto3 clients of the commands `close`, `teardown` and `status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config

from ops.study.errors import StudyError, explain_failure
from ops.study.outputs import StudyOutputs

if TYPE_CHECKING:
    from types_boto3_backup import BackupClient
    from types_boto3_iam import IAMClient
    from types_boto3_kms import KMSClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_rds import RDSClient
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sts import STSClient


@dataclass(frozen=True, kw_only=True)
class Clients:
    """boto3 clients of one account and Region."""

    s3: S3Client
    iam: IAMClient
    sts: STSClient
    rds: RDSClient
    logs: CloudWatchLogsClient
    backup: BackupClient
    kms: KMSClient
    secrets: SecretsManagerClient
    tagging: ResourceGroupsTaggingAPIClient

    @classmethod
    def for_region(cls, region: str) -> Self:
        """Clients that try ten times, with exponential backoff, on throttling and server errors.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        session = boto3.session.Session(region_name=region)
        retrying = Config(retries={"mode": "standard", "total_max_attempts": 10})
        return cls(
            s3=session.client("s3", config=retrying),
            iam=session.client("iam", config=retrying),
            sts=session.client("sts", config=retrying),
            rds=session.client("rds", config=retrying),
            logs=session.client("logs", config=retrying),
            backup=session.client("backup", config=retrying),
            kms=session.client("kms", config=retrying),
            secrets=session.client("secretsmanager", config=retrying),
            tagging=session.client("resourcegroupstaggingapi", config=retrying),
        )

    def check_account(self, outputs: StudyOutputs) -> str:
        """The caller's ARN; StudyError unless the credentials are of the study's account."""
        with explain_failure("reading your identity", "Sign in to the study's account and run the same command again."):
            identity = self.sts.get_caller_identity()
        if identity["Account"] != outputs.account:
            raise StudyError(
                f"you are signed in to the account {identity['Account']}, and {outputs.study} is in "
                f"{outputs.account}: sign in there, and run the same command again"
            )
        return identity["Arn"]
