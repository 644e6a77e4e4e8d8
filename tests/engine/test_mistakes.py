"""Mistakes in a program on the real engine: the message names the resource and the property."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ops.plan import record
from rehearsal.stack.driver import Rehearsal

HEAD = """
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="us-east-1", allowed_account_ids=["111122223333"])
on = pulumi.ResourceOptions(provider=provider)
"""

PROGRAMS = {
    "a misspelt nested key": (
        """
aws.s3.BucketVersioning("images", bucket="images", versioning_configuration={"statsu": "Enabled"}, opts=on)
""",
        ("images", "versioningConfiguration.statsu", "did you mean status?"),
    ),
    "a subnet outside its VPC": (
        """
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", opts=on)
aws.ec2.Subnet("outside", vpc_id=vpc.id, cidr_block="10.1.0.0/24", opts=on)
""",
        ("outside", "cidrBlock: InvalidSubnet.Range"),
    ),
    "two roles of one name": (
        """
trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'
first = aws.iam.Role("first", name="tasks", assume_role_policy=trust, opts=on)
aws.iam.Role("second", name="tasks", assume_role_policy=trust, opts=pulumi.ResourceOptions(provider=provider, depends_on=[first]))
""",
        ("second", "name: EntityAlreadyExists"),
    ),
}


@pytest.mark.parametrize(("body", "message"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_mocks_accept_it_and_the_rehearsal_does_not(
    fresh: Callable[..., Rehearsal], tmp_path: Path, body: str, message: tuple[str, ...]
) -> None:
    program = tmp_path / "program"
    program.mkdir()
    (program / "__main__.py").write_text(HEAD + body)
    (program / "Pulumi.yaml").write_text("{name: mistaken, runtime: python}\n")
    (program / "Pulumi.dev.yaml").write_text("config: {}\n")
    code = compile(HEAD + body, "program", "exec")
    accepted = record(lambda: exec(code, {}), values={})  # noqa: S102
    assert len(accepted.resources) >= 2

    refused = fresh("dev", program=program, policies=False).up(check=False)
    assert refused.exit_code != 0
    for text in message:
        assert text in refused.message
