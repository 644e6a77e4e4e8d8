"""Lambda functions in the app subnets, all created the same way."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import lambda_

from components.core import Component, ServiceRole, log_group
from components.network.network import Network
from components.network.security_groups import connect, security_group
from functions.package import contents
from layout.documents import Statement, allow, trust

INTERFACE_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
"""Interfaces cannot be named before they exist; https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
Unlike AWSLambdaVPCAccessExecutionRole it grants nothing on log groups.
"""

INTERFACE_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]


def deny_interfaces(function_arn: str) -> Statement:
    """IAM statement: what Lambda may do to network interfaces for the function, the function's code may not."""
    return {
        "Sid": "InterfacesAreLambdasOwn",
        "Effect": "Deny",
        "Action": INTERFACE_ACTIONS,
        "Resource": ["*"],
        "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
    }


class VpcFunction:
    """Creates, as children of `component`, a Lambda function with its role, security group and log group.

    Guarantees: the function reaches AWS APIs through the VPC's endpoints, and whatever the caller connects its
    security group to, nothing else; its code is `functions/<package>`; its environment is encrypted with the key for
    secrets. `rules` are the security group rules that must exist before it is invoked.

    No concurrency is reserved: Lambda keeps at least 10 executions unreserved, and a new account has 10. Nothing
    competes for them: Secrets Manager runs one rotation of a secret at a time, and one command exports the index.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """

    def __init__(
        self,
        component: Component,
        suffix: str,
        *,
        name: str,
        package: str,
        purpose: str,
        description: str,
        network: Network,
        group_description: str,
        api_description: str,
        statements: Sequence[Statement],
        variables: Mapping[str, pulumi.Input[str]],
        timeout_seconds: int,
        memory_mb: int,
        dead_letter: pulumi.Input[str] | None = None,
    ) -> None:
        names = component.names
        self.name = names.of("lambda_.Function", name)
        self.arn = names.arn("lambda", f"function:{self.name}")
        self.logs = log_group(component, "logs", name=names.log_group(purpose), source_type="aws:lambda")
        self.security_group = security_group(
            component, "function", vpc_id=network.vpc.id, description=group_description
        )
        self.rules = connect(
            component,
            "aws-apis",
            source=self.security_group,
            target=network.endpoints,
            port=443,
            description=api_description,
        )
        role = ServiceRole(
            component.child("run"),
            component.base,
            assume=trust("lambda.amazonaws.com", names.account),
            statements=[
                *statements,
                deny_interfaces(self.arn),
                allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{self.logs.arn}:*"]),
            ],
            managed=[INTERFACE_POLICY],
            opts=component.options(),
        )
        # Relative paths, or the state would hold the folders of one machine.
        code = {path: pulumi.FileAsset(os.path.relpath(source)) for path, source in contents(package).items()}
        self.function = lambda_.Function(
            component.child(suffix),
            name=self.name,
            description=description,
            runtime="python3.13",
            architectures=["arm64"],
            handler=f"{package}.handler.handler",
            code=pulumi.AssetArchive(dict(code)),
            timeout=timeout_seconds,
            memory_size=memory_mb,
            role=role.ready,
            environment=lambda_.FunctionEnvironmentArgs(variables=dict(variables)),
            kms_key_arn=component.keys.secrets.arn,
            vpc_config=lambda_.FunctionVpcConfigArgs(
                subnet_ids=network.subnet_ids("app"), security_group_ids=[self.security_group.id]
            ),
            dead_letter_config=None
            if dead_letter is None
            else lambda_.FunctionDeadLetterConfigArgs(target_arn=dead_letter),
            logging_config=lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=self.logs.group.name),
            tags=names.tags(purpose),
            opts=component.options(),
        )
