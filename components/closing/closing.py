"""The end of a study: what archives it, and what proves later that the archive is complete and ours."""

from __future__ import annotations

import pulumi
from pulumi_aws import kms

from components.closing import archive_permissions
from components.core import DELETION_WINDOW_DAYS, Component, Platform, ServiceRole, administration, alias, use_key
from components.data import PORT, Database, ImageStorage, archive_prefix
from components.network import Network, VpcFunction, connect, reach_prefix_list
from functions.package import BUNDLE
from layout.documents import Statement, allow, document, trust
from layout.naming import Names
from settings import Archive as ArchiveSettings

TIMEOUT_SECONDS = 900  # Lambda's maximum
MEMORY_MB = 1769  # one whole CPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html


def exporter_statements(names: Names, *, user: str, password: str, target: str) -> list[Statement]:
    """IAM statements: may log in as Orthanc does, and write below the archive's `index/`."""
    return [
        allow("ReadLogin", ["secretsmanager:GetSecretValue"], [user, password]),
        use_key("DecryptLogin", names, "secrets", ["kms:Decrypt"], via="secretsmanager"),
        allow("WriteIndex", ["s3:PutObject"], [f"{target}/{archive_prefix(names)}/index/*"]),
        use_key("EncryptIndex", names, "archive", ["kms:Decrypt", "kms:GenerateDataKey"], via="s3"),
    ]


class Closing(Component):
    """Creates the key that signs the archive's manifest, the role of the archive's operators, the role with which RDS
    exports the final snapshot, and the function that exports Orthanc's index.

    Guarantees: the archiver reads images and writes the archive below the study's prefix, but deletes nothing and
    shortens no lock; the signing key stays in AWS when the stack is destroyed, so that the manifest can always be
    checked; the function can write nothing but the index, which it reads in one consistent transaction.
    """

    TYPE = "imgstore:closing:Closing"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: ArchiveSettings,
        *,
        storage: ImageStorage,
        database: Database,
        network: Network,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.signing = self._signing_key()
        self.exporter = self._exporter(database, storage, network)
        self.export_role = ServiceRole(
            self.child("snapshot-export"),
            base,
            assume=trust("export.rds.amazonaws.com", self.names.account),
            statements=archive_permissions.snapshot_statements(self.names, storage.archive.arn),
            opts=self.options(),
        )
        self.archiver = ServiceRole(
            self.child("archiver"),
            base,
            assume=archive_permissions.trust_policy(self.names, settings.operators),
            statements=archive_permissions.statements(
                self.names,
                images=storage.images.arn,
                archive=storage.archive.arn,
                function=self.exporter.arn,
                export_role=self.export_role.arn,
            ),
            session_hours=archive_permissions.SESSION_HOURS,
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
            name=alias(self.names, archive_permissions.SIGNING),
            target_key_id=key.key_id,
            opts=self.options(),
        )
        return key

    def _exporter(self, database: Database, storage: ImageStorage, network: Network) -> VpcFunction:
        exporter = VpcFunction(
            self,
            "index-export",
            name="index-export",
            package="index_export",
            purpose="index-export",
            description="Exports the image store's index into the archive",
            network=network,
            group_description="Index export: to the database and to AWS APIs",
            api_description="Export reads its login",
            statements=exporter_statements(
                self.names,
                user=database.user_secret.pattern,
                password=database.password_secret.pattern,
                target=storage.archive.arn,
            ),
            variables={
                **database.login_variables,
                "DATABASE_CA": BUNDLE,
                "ARCHIVE_BUCKET": storage.archive.name,
                "ARCHIVE_PREFIX": f"{archive_prefix(self.names)}/index/",
            },
            timeout_seconds=TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
        )
        connect(
            self,
            "database",
            source=exporter.security_group,
            target=database.security_group,
            port=PORT,
            description="Export reads the index",
        )
        reach_prefix_list(
            self,
            "s3",
            source=exporter.security_group,
            prefix_list_id=network.s3_prefix_list_id,
            description="Export writes the archive",
        )
        return exporter
