"""The end of a study: what archives it, and what proves later that the archive is complete and ours."""

from __future__ import annotations

import os

import pulumi
from pulumi_aws import kms, lambda_

from components.closing import archive_permissions as archivist
from components.core.base import Component, Scope
from components.core.key_policies import administration
from components.core.keys import DELETION_WINDOW_DAYS, Keys, alias, use_key
from components.core.logs import log_group
from components.core.roles import ServiceRole
from components.data.database import DATABASE, PORT, Database
from components.data.rotation import INTERFACE_ACTIONS, INTERFACES
from components.data.storage import ImageStorage, archive_prefix
from components.network.network import Network
from components.network.security_groups import connect, reach_prefix_list, security_group
from functions.package import BUNDLE, contents
from layout.documents import Statement, allow, document, trust
from layout.naming import Names
from settings import Archive as ArchiveSettings

TIMEOUT_SECONDS = 900  # the longest there is
MEMORY_MB = 1769  # one whole CPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
CONCURRENCY = 1


def exporter_statements(names: Names, *, function: str, user: str, password: str, target: str) -> list[Statement]:
    """May log in as Orthanc does and write below the archive's `index/`; interfaces are Lambda's own."""
    return [
        allow("ReadLogin", ["secretsmanager:GetSecretValue"], [user, password]),
        use_key("DecryptLogin", names, "secrets", ["kms:Decrypt"], via="secretsmanager"),
        allow("WriteIndex", ["s3:PutObject"], [f"{target}/{archive_prefix(names)}/index/*"]),
        use_key("EncryptIndex", names, "archive", ["kms:Decrypt", "kms:GenerateDataKey"], via="s3"),
        {
            "Sid": "InterfacesAreLambdasOwn",
            "Effect": "Deny",
            "Action": INTERFACE_ACTIONS,
            "Resource": ["*"],
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function}},
        },
    ]


class Closing(Component):
    """Creates the key that signs the archive's manifest, the role of whoever archives, the role by which RDS exports
    the final snapshot, and the function that exports Orthanc's index.

    Guarantees: the archiver reads images and writes the archive below the study's prefix, but deletes nothing and
    shortens no lock; the signing key stays in AWS when the stack is destroyed, so that the manifest can always be
    checked; the function can write nothing but the index, and the database shows it one consistent moment.
    """

    TYPE = "imgstore:closing:Closing"

    def __init__(
        self,
        name: str,
        scope: Scope,
        settings: ArchiveSettings,
        *,
        storage: ImageStorage,
        database: Database,
        network: Network,
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.function_name = self.names.of("lambda_.Function", "index-export")
        self.logs = log_group(
            self, "logs", name=self.names.log_group("index-export"), source_type="aws:lambda", keys=keys
        )
        self.signing = self._signing_key()
        self.function = self._function(database, storage, network, keys)
        self.export_role = ServiceRole(
            self.child("snapshot-export"),
            scope,
            assume=trust("export.rds.amazonaws.com", self.names.account),
            statements=archivist.snapshot_statements(self.names, storage.archive.arn),
            opts=self.options(),
        )
        self.archiver = ServiceRole(
            self.child("archiver"),
            scope,
            assume=archivist.trusted(self.names, settings.operators),
            statements=archivist.statements(
                self.names,
                images=storage.images.arn,
                archive=storage.archive.arn,
                function=self.names.arn("lambda", f"function:{self.function_name}"),
                export_role=self.export_role.arn,
            ),
            session_hours=archivist.SESSION_HOURS,
            opts=self.options(),
        )
        self.register_outputs({"signingKey": self.signing.arn, "archiver": self.archiver.role.arn})

    def _signing_key(self) -> kms.Key:
        key = kms.Key(
            self.child("signing"),
            description=f"{self.names.prefix}: signature of the archive's manifest",
            key_usage="SIGN_VERIFY",
            customer_master_key_spec="ECC_NIST_P384",  # KMS rotates no asymmetric key
            policy=document(administration(self.names)),
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            tags=self.names.tags("signing", self.names.data),
            opts=self.stateful(retain_on_delete=True),
        )
        kms.Alias(
            self.child("signing-alias"),
            name=alias(self.names, archivist.SIGNING),
            target_key_id=key.key_id,
            opts=self.options(),
        )
        return key

    def _function(self, database: Database, storage: ImageStorage, network: Network, keys: Keys) -> lambda_.Function:
        group = security_group(
            self, "function", vpc_id=network.vpc.id, description="Index export: to the database and to AWS APIs"
        )
        connect(
            self, "aws-apis", source=group, target=network.endpoints, port=443, description="Export reads its login"
        )
        connect(
            self,
            "database",
            source=group,
            target=database.security_group,
            port=PORT,
            description="Export reads the index",
        )
        reach_prefix_list(
            self,
            "s3",
            source=group,
            prefix_list_id=network.s3_prefix_list_id,
            description="Export writes the archive",
        )
        role = ServiceRole(
            self.child("run"),
            self.scope,
            assume=trust("lambda.amazonaws.com", self.names.account),
            statements=[
                *exporter_statements(
                    self.names,
                    function=self.names.arn("lambda", f"function:{self.function_name}"),
                    user=database.user_secret.pattern,
                    password=database.password_secret.pattern,
                    target=storage.archive.arn,
                ),
                allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{self.logs.arn}:*"]),
            ],
            managed=[INTERFACES],
            opts=self.options(),
        )
        variables: dict[str, pulumi.Input[str]] = {
            "USER_SECRET_ARN": database.user_secret.arn,
            "PASSWORD_SECRET_ARN": database.password_secret.arn,
            "DATABASE_HOST": database.endpoint,
            "DATABASE_PORT": str(PORT),
            "DATABASE_NAME": DATABASE,
            "DATABASE_CA": BUNDLE,
            "ARCHIVE_BUCKET": storage.archive.name,
            "ARCHIVE_PREFIX": f"{archive_prefix(self.names)}/index/",
        }
        # Relative paths, or the state would hold the folders of one machine.
        code = {path: pulumi.FileAsset(os.path.relpath(source)) for path, source in contents("index_export").items()}
        return lambda_.Function(
            self.child("index-export"),
            name=self.function_name,
            description="Exports the image store's index into the archive",
            runtime="python3.13",
            architectures=["arm64"],
            handler="index_export.handler.handler",
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
            logging_config=lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=self.logs.group.name),
            tags=self.names.tags("index-export"),
            opts=self.options(),
        )
