"""The foundation of a stack as a whole: what it consists of, making it, removing it, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.deploy.bootstrap import buckets, pipeline
from ops.deploy.bootstrap.key import StateKey
from ops.deploy.bootstrap.target import BootstrapError, Target
from ops.deploy.bootstrap.things import Step, Thing, asked, converge, dissolve

CLIENT = {"connect_timeout": 10, "read_timeout": 30, "retries": {"mode": "standard", "total_max_attempts": 5}}


class Foundation:
    """The things of a stack in one account. `session` is a boto3 session of an administrator of that account."""

    def __init__(self, session: Any, target: Target, **client: Any) -> None:
        from botocore.config import Config  # noqa: PLC0415  slow to import

        self.target = target
        config = Config(**{**CLIENT, **client})
        named = {"region_name": target.names.region, "config": config}
        self.s3, self.iam = session.client("s3", **named), session.client("iam", **named)
        self._check_account(session.client("sts", **named))
        key = StateKey(session.client("kms", **named), target)
        self.things: list[Thing] = [
            key.thing(),
            buckets.log(self.s3, target),
            buckets.state(self.s3, target, key.arn),
            pipeline.provider(self.iam, target),
            *pipeline.policies(self.iam, target),
            *pipeline.roles(self.iam, target),
        ]

    def make(self, *, apply: bool) -> Iterator[Step]:
        """What is missing or differs; with `apply` it is put right."""
        # Whose everything is, before the first change.
        for thing in self.things:
            asked(thing.name, thing.exists)
        yield from converge(self.things, apply=apply)

    def remove(self, *, apply: bool) -> Iterator[Step]:
        """Removes what `make` made. Raises BootstrapError while the state of a stack is in the bucket."""
        left = asked("state", lambda: buckets.stacks(self.s3, self.target))
        if left:
            raise BootstrapError(
                f"the state of {', '.join(left)} is in {self.target.state_bucket}: without it nobody can change or "
                f"destroy what it describes. `pulumi destroy` and `pulumi stack rm` first"
            )
        yield from dissolve(self.things, apply=apply)

    def _check_account(self, sts: Any) -> None:
        account = asked("credentials", sts.get_caller_identity)["Account"]
        if account != self.target.names.account:
            raise BootstrapError(
                f"these credentials are of account {account}; Pulumi.{self.target.stack}.yaml names "
                f"{self.target.names.account}. Nothing was changed"
            )


def next_steps(target: Target) -> str:
    """What to type next, and the variables that the workflows read."""
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
