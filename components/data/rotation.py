"""Rotation of the database password: the function that does it, its permissions, and when it runs."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import lambda_, secretsmanager

from components.core import (
    AT_LEAST_ONCE,
    Component,
    Metric,
    Platform,
    StoredSecret,
    alarm,
    use_key,
)
from components.data.database import PORT, Database
from components.network import Network, VpcFunction, connect
from functions.package import BUNDLE
from layout.documents import Statement, allow
from layout.naming import Names
from settings import DatabaseSettings

TIMEOUT_SECONDS = 120  # a paused cluster takes 30 s and more to resume, and a step logs in twice
MEMORY_MB = 256


def function_statements(names: Names, *, user: str, password: str) -> list[Statement]:
    """IAM statements: may work on the two secrets, and read the one that RDS keeps for the master of this cluster."""
    read = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    write = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    cluster = names.arn("rds", f"cluster:{names.database_cluster}")
    return [
        allow("RotateSecrets", [*read, *write], [user, password]),
        allow(
            "ReadMaster",
            ["secretsmanager:GetSecretValue"],
            [names.arn("secretsmanager", "secret:rds!cluster-*")],
            conditions={"StringEquals": {"aws:ResourceTag/aws:rds:primaryDBClusterArn": cluster}},
        ),
        use_key("SecretsKey", names, "secrets", ["kms:Decrypt", "kms:GenerateDataKey"], via="secretsmanager"),
        allow("ReportFailures", ["sns:Publish"], [names.arn("sns", names.alarm_topic)]),
        use_key("EncryptReports", names, "logs", ["kms:Decrypt", "kms:GenerateDataKey"], via="sns"),
    ]


class DatabaseRotation(Component):
    """Creates the rotation function with its role, log group and security group, invokes it once to prepare the
    database, and schedules it every `rotation_days` in Secrets Manager.

    Guarantees: the two database roles take turns, so that the credentials in use never change; the function reaches
    the database and AWS APIs, and nothing else; a failure raises an alarm. `user_arn` and `password_arn` resolve once
    the database accepts these credentials: resources that read them from here depend on it.
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_strategies.html
    """

    TYPE = "imgstore:rotation:DatabaseRotation"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: DatabaseSettings,
        *,
        database: Database,
        network: Network,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.function = self._function(database, network)
        login = connect(
            self,
            "database",
            source=self.function.security_group,
            target=database.security_group,
            port=PORT,
            description="Rotation changes passwords",
        )
        prepared = lambda_.Invocation(
            self.child("prepare"),
            function_name=self.function.function.name,
            input=json.dumps({"action": "prepare"}),
            lifecycle_scope="CREATE_ONLY",
            triggers={"cluster": database.cluster.cluster_resource_id},  # a new cluster has no roles yet
            # It runs once, at creation: the database, the endpoints and the rules to both must exist.
            opts=self.options(depends_on=[*self.function.rules, *login, network, *database.instances]),
        )
        self.user_arn = _arn_after(prepared, database.user_secret)
        self.password_arn = _arn_after(prepared, database.password_secret)
        self._schedule(settings.rotation_days, database.password_secret, prepared)
        alarm(
            self,
            "failed",
            metric=Metric(namespace="AWS/Lambda", name="Errors", dimensions={"FunctionName": self.function.name}),
            condition=AT_LEAST_ONCE,
            description="The database password could not be rotated; see docs/runbooks/secret-rotation.md",
        )
        self.register_outputs({"function": self.function.function.arn})

    def _function(self, database: Database, network: Network) -> VpcFunction:
        return VpcFunction(
            self,
            "rotate",
            name=self.component,
            package="rotation",
            purpose="database-rotation",
            description="Rotates the password of the image store's database",
            network=network,
            group_description="Rotation function: to the database and to AWS APIs",
            api_description="Rotation calls AWS APIs",
            statements=function_statements(
                self.names, user=database.user_secret.pattern, password=database.password_secret.pattern
            ),
            variables={
                "MASTER_SECRET_ARN": database.master_secret_arn,
                **database.login_variables,
                "DATABASE_CA": BUNDLE,
            },
            timeout_seconds=TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            dead_letter=self.base.alarms.ready,
        )

    def _schedule(self, days: int, password: StoredSecret, prepared: lambda_.Invocation) -> None:
        allowed = lambda_.Permission(
            self.child("caller"),
            function=self.function.function.name,
            action="lambda:InvokeFunction",
            principal="secretsmanager.amazonaws.com",
            source_account=self.names.account,
            source_arn=password.secret.arn,
            opts=self.options(),
        )
        secretsmanager.SecretRotation(
            self.child("schedule"),
            secret_id=password.secret.id,
            rotation_lambda_arn=self.function.function.arn,
            rotation_rules=secretsmanager.SecretRotationRotationRulesArgs(automatically_after_days=days),
            rotate_immediately=False,
            # Secrets Manager tests the function when rotation is set up, with the credentials in use.
            opts=self.options(depends_on=[allowed, prepared]),
        )


def _arn_after(prepared: lambda_.Invocation, secret: StoredSecret) -> pulumi.Output[str]:
    """The secret's ARN, once the database has been prepared."""
    return pulumi.Output.all(secret.arn, prepared.id).apply(lambda known: str(known[0]))
