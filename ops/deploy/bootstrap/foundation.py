"""All that a stack needs in its account before the first `pulumi up`, and the commands that follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from ops.deploy.bootstrap import buckets, pipeline
from ops.deploy.bootstrap.key import StateKey
from ops.deploy.bootstrap.resources import Resource, Step, call_aws, converge, destroy
from ops.deploy.bootstrap.target import BootstrapError, Target

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_kms import KMSClient
    from types_boto3_s3 import S3Client
    from types_boto3_sts import STSClient

CLIENT = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})


class Foundation:
    """The resources of one stack. `session` has the credentials of an administrator of the stack's account."""

    def __init__(self, session: boto3.Session, target: Target, config: Config = CLIENT) -> None:
        self.target = target
        options: dict[str, Any] = {"region_name": target.names.region, "config": config}
        self.s3: S3Client = session.client("s3", **options)
        self.iam: IAMClient = session.client("iam", **options)
        sts: STSClient = session.client("sts", **options)
        kms: KMSClient = session.client("kms", **options)
        self._check_account(sts)
        key = StateKey(kms, target)
        self.resources: list[Resource] = [
            key.resource(),
            buckets.log_bucket(self.s3, target),
            buckets.state_bucket(self.s3, target, key.arn),
            pipeline.provider(self.iam, target),
            *pipeline.policies(self.iam, target),
            *pipeline.roles(self.iam, target),
        ]

    def converge(self, *, apply: bool) -> Iterator[Step]:
        """Yields what is missing or differs; with `apply` it is created or repaired."""
        # Finds resources that belong to somebody else before the first change.
        for resource in self.resources:
            call_aws(resource.name, resource.exists)
        yield from converge(self.resources, apply=apply)

    def destroy(self, *, apply: bool) -> Iterator[Step]:
        """Removes what `converge` created. Raises BootstrapError while the state of a stack is in the bucket."""
        left = call_aws("state", lambda: buckets.list_stacks(self.s3, self.target))
        if left:
            raise BootstrapError(
                f"the state of {', '.join(left)} is in {self.target.state_bucket}: without it nobody can change or "
                f"destroy the resources in it. Run `pulumi destroy` and `pulumi stack rm` first"
            )
        yield from destroy(self.resources, apply=apply)

    def _check_account(self, sts: STSClient) -> None:
        account = call_aws("credentials", sts.get_caller_identity)["Account"]
        if account != self.target.names.account:
            raise BootstrapError(
                f"these credentials are of account {account}; Pulumi.{self.target.stack}.yaml names "
                f"{self.target.names.account}. Nothing was changed"
            )


def next_steps(target: Target) -> str:
    """The next commands, and the variables that the workflows read."""
    region, stack = target.names.region, target.stack
    state = f"s3://{target.state_bucket}?region={region}&awssdk=v2"
    lines = [
        "Next:",
        f"  pulumi login '{state}'",
        f"  pulumi stack init {stack} --secrets-provider 'awskms://{target.alias}?region={region}'",
        f"  git add Pulumi.{stack}.yaml   # it now names the key: secretsprovider, encryptedkey",
        "",
        f"Variables of the environments of {target.repository} (gh variable set NAME --env ENVIRONMENT --body VALUE):",
    ]
    for use in ("preview", "deploy"):
        role = target.iam(f"role/{target.role(use)}")
        for environment in target.environments(use):
            lines += [
                f"  {environment}:",
                f"    AWS_REGION={region}",
                f"    PULUMI_STATE={state}",
                f"    AWS_{use.upper()}_ROLE_ARN={role}",
            ]
    return "\n".join(lines)
