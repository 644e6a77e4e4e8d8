"""Rotation of the database password: the function that does it, its rights, and when it runs."""

from __future__ import annotations

import json
import os

import pulumi
from pulumi_aws import ec2, lambda_, secretsmanager

from components.core.alarms import AlarmTopic, Condition, Metric, alarm
from components.core.base import Component, Scope
from components.core.keys import Keys, use_key
from components.core.logs import log_group
from components.core.roles import ServiceRole
from components.core.secrets import StoredSecret
from components.data.database import DATABASE, PORT, Database
from components.network.network import Network
from components.network.security_groups import connect, security_group
from functions.package import BUNDLE, contents
from layout.documents import Statement, allow, trust
from layout.naming import Names

TIMEOUT_SECONDS = 120  # a paused cluster takes 30 s and more to wake, and a step logs in twice
MEMORY_MB = 256
CONCURRENCY = 1  # two rotations of one secret at a time would only be in each other's way
INTERFACES = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
"""Interfaces cannot be named before they exist; https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
Unlike AWSLambdaVPCAccessExecutionRole it opens no log group.
"""

INTERFACE_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]

FAILED = Condition(comparison="GreaterThanOrEqualToThreshold", value=1)


def function_statements(names: Names, *, function: str, user: str, password: str) -> list[Statement]:
    """May work on the two secrets, and read the one that RDS keeps for the master of this stack's cluster.

    What Lambda may do to interfaces for the function, the function's code may not.
    """
    read = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    write = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    cluster = names.arn("rds", f"cluster:{names.of('rds.Cluster', 'database')}")
    return [
        allow("RotateSecrets", [*read, *write], [user, password]),
        allow(
            "ReadMaster",
            ["secretsmanager:GetSecretValue"],
            [names.arn("secretsmanager", "secret:rds!cluster-*")],
            conditions={"StringEquals": {"aws:ResourceTag/aws:rds:primaryDBClusterArn": cluster}},
        ),
        use_key("SecretsKey", names, "secrets", ["kms:Decrypt", "kms:GenerateDataKey"], via="secretsmanager"),
        allow("ReportFailures", ["sns:Publish"], [names.arn("sns", names.of("sns.Topic", "alarms"))]),
        use_key("EncryptReports", names, "logs", ["kms:Decrypt", "kms:GenerateDataKey"], via="sns"),
        {
            "Sid": "InterfacesAreLambdasOwn",
            "Effect": "Deny",
            "Action": INTERFACE_ACTIONS,
            "Resource": ["*"],
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function}},
        },
    ]


class DatabaseRotation(Component):
    """Creates the rotation function with its role, log and firewall, runs it once to prepare the database, and has
    Secrets Manager run it every `days`.

    Guarantees: the two roles take turns, so that the pair in use is never the one that changes; the function reaches
    the database and AWS APIs, and nothing else; a failure rings. `user_arn` and `password_arn` resolve once the
    database lets that pair in: whoever reads them from here starts after it.
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_strategies.html
    """

    TYPE = "imgstore:rotation:DatabaseRotation"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        days: int,
        database: Database,
        network: Network,
        keys: Keys,
        topic: AlarmTopic,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.function_name = self.names.of("lambda_.Function", name)
        self.logs = log_group(
            self, "logs", name=self.names.log_group("database-rotation"), source_type="aws:lambda", keys=keys
        )
        group, ways = self._firewall(database, network)
        self.function = self._function(database, group, network, keys, topic)
        prepared = lambda_.Invocation(
            self.child("prepare"),
            function_name=self.function.name,
            input=json.dumps({"action": "prepare"}),
            lifecycle_scope="CREATE_ONLY",
            triggers={"cluster": database.cluster.cluster_resource_id},  # a new cluster knows no login
            # It runs once and at once: the database, the endpoints and the ways to both have to be there.
            opts=self.options(depends_on=[*ways, network, *database.instances]),
        )
        self.user_arn = _once(prepared, database.user_secret)
        self.password_arn = _once(prepared, database.password_secret)
        self._schedule(days, database.password_secret, prepared)
        alarm(
            self,
            "failed",
            topic,
            metric=Metric(namespace="AWS/Lambda", name="Errors", dimensions={"FunctionName": self.function_name}),
            condition=FAILED,
            description="The database password could not be rotated; see docs/runbooks/secret-rotation.md",
        )
        self.register_outputs({"function": self.function.arn})

    def _firewall(self, database: Database, network: Network) -> tuple[ec2.SecurityGroup, list[pulumi.Resource]]:
        group = security_group(
            self, "function", vpc_id=network.vpc.id, description="Rotation function: to the database and to AWS APIs"
        )
        apis = connect(
            self, "aws-apis", source=group, target=network.endpoints, port=443, description="Rotation calls AWS APIs"
        )
        logins = connect(
            self,
            "database",
            source=group,
            target=database.security_group,
            port=PORT,
            description="Rotation changes passwords",
        )
        return group, [*apis, *logins]

    def _function(
        self, database: Database, group: ec2.SecurityGroup, network: Network, keys: Keys, topic: AlarmTopic
    ) -> lambda_.Function:
        role = ServiceRole(
            self.child("run"),
            self.scope,
            assume=trust("lambda.amazonaws.com", self.names.account),
            statements=[
                *function_statements(
                    self.names,
                    function=self.names.arn("lambda", f"function:{self.function_name}"),
                    user=database.user_secret.pattern,
                    password=database.password_secret.pattern,
                ),
                allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{self.logs.arn}:*"]),
            ],
            managed=[INTERFACES],
            opts=self.options(),
        )
        variables: dict[str, pulumi.Input[str]] = {
            "MASTER_SECRET_ARN": database.master_secret_arn,
            "USER_SECRET_ARN": database.user_secret.arn,
            "PASSWORD_SECRET_ARN": database.password_secret.arn,
            "DATABASE_HOST": database.endpoint,
            "DATABASE_PORT": str(PORT),
            "DATABASE_NAME": DATABASE,
            "DATABASE_CA": BUNDLE,
        }
        # Relative paths, or the state would hold the folders of one machine.
        code = {path: pulumi.FileAsset(os.path.relpath(source)) for path, source in contents("rotation").items()}
        return lambda_.Function(
            self.child("rotate"),
            name=self.function_name,
            description="Rotates the password of the image store's database",
            runtime="python3.13",
            architectures=["arm64"],
            handler="rotation.handler.handler",
            code=pulumi.AssetArchive(dict(code)),
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MB,
            reserved_concurrent_executions=CONCURRENCY,
            role=role.ready,
            environment=lambda_.FunctionEnvironmentArgs(variables=variables),
            kms_key_arn=keys.secrets.arn,
            vpc_config=lambda_.FunctionVpcConfigArgs(
                subnet_ids=network.subnet_ids("app"), security_group_ids=[group.id]
            ),
            dead_letter_config=lambda_.FunctionDeadLetterConfigArgs(target_arn=topic.ready),
            logging_config=lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=self.logs.group.name),
            tags=self.names.tags("database-rotation"),
            opts=self.options(),
        )

    def _schedule(self, days: int, password: StoredSecret, prepared: lambda_.Invocation) -> None:
        allowed = lambda_.Permission(
            self.child("caller"),
            function=self.function.name,
            action="lambda:InvokeFunction",
            principal="secretsmanager.amazonaws.com",
            source_account=self.names.account,
            source_arn=password.secret.arn,
            opts=self.options(),
        )
        secretsmanager.SecretRotation(
            self.child("schedule"),
            secret_id=password.secret.id,
            rotation_lambda_arn=self.function.arn,
            rotation_rules=secretsmanager.SecretRotationRotationRulesArgs(automatically_after_days=days),
            rotate_immediately=False,
            # Secrets Manager tries the function at once, on the pair in use.
            opts=self.options(depends_on=[allowed, prepared]),
        )


def _once(prepared: lambda_.Invocation, secret: StoredSecret) -> pulumi.Output[str]:
    """The secret's ARN, once the database has been prepared."""
    return pulumi.Output.all(secret.arn, prepared.id).apply(lambda known: str(known[0]))
