"""boto3 clients of the archive commands. Callers pass them in, so that tests can replace them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from ops.study.store.errors import ArchiveError, explain_failure
from ops.study.store.target import Target

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_rds import RDSClient
    from types_boto3_s3 import S3Client
    from types_boto3_sts import STSClient


@dataclass(frozen=True, kw_only=True)
class Clients:
    """boto3 clients of one account and Region."""

    s3: S3Client
    kms: KMSClient
    rds: RDSClient
    logs: CloudWatchLogsClient
    functions: LambdaClient
    sts: STSClient

    @classmethod
    def for_region(cls, region: str, *, workers: int = 32) -> Clients:
        """Clients that try ten times, with exponential backoff, on throttling and server errors.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        session = boto3.session.Session(region_name=region)
        retrying = Config(retries={"mode": "standard", "total_max_attempts": 10}, max_pool_connections=workers + 8)
        # Exporting the index takes minutes; a retry would only start it twice.
        once = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=910)
        return cls(
            s3=session.client("s3", config=retrying),
            kms=session.client("kms", config=retrying),
            rds=session.client("rds", config=retrying),
            logs=session.client("logs", config=retrying),
            functions=session.client("lambda", config=once),
            sts=session.client("sts", config=retrying),
        )

    def check_account(self, target: Target) -> str:
        """The caller's ARN; ArchiveError unless credentials and clients match the target's account and Region."""
        with explain_failure("reading your identity", "Sign in to the study's account and run the same command again."):
            identity = self.sts.get_caller_identity()
        if identity["Account"] != target.account:
            raise ArchiveError(
                f"you are signed in to the account {identity['Account']}, and the store of {target.study} "
                f"({target.environment}) is in {target.account}: sign in there"
            )
        region = self.s3.meta.region_name
        if region != target.region:
            raise ArchiveError(
                f"the clients use the Region {region}, and the store is in {target.region}: set AWS_REGION to that"
            )
        return identity["Arn"]
