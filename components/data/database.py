"""Aurora PostgreSQL Serverless v2: Orthanc's index. Pixels are never in it."""

from __future__ import annotations

import pulumi
import pulumi_random as random
from pulumi_aws import rds

from components.core import Component, LogSource, Platform, ServiceRole, StoredSecret, create_secret, log_group
from components.network import Network, security_group
from layout.documents import trust
from layout.windows import backup_window, maintenance_window
from settings import DatabaseSettings

PORT = 5432
DATABASE = "orthanc"
MASTER = "storeadmin"
"""Letters and digits, as RDS requires for a cluster; `admin` is reserved."""

FIRST_USER = "orthanc_a"
"""One of the two roles that take turns; see functions/rotation."""

MONITORING_SECONDS = 60

PARAMETERS = {
    "rds.force_ssl": "1",
    "ssl_min_protocol_version": "TLSv1.2",
    "log_connections": "1",
    "log_disconnections": "1",
    # Statements carry patient names as parameters: their text is never logged.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",  # the detail of an error holds the row that failed
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Reference.ParameterGroups.html"""


def parameter_group_family(engine_version: str) -> str:
    """Parameter group family of an engine version: `17.7` belongs to `aurora-postgresql17`."""
    return f"aurora-postgresql{engine_version.partition('.')[0]}"


FOLLOWING_TIER = 1
"""Up to this promotion tier, instances scale with the writer. Orthanc reads from the writer only, so a reader has a
higher tier: it stays small, and after a failover it has to scale up, which takes seconds to minutes.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"""


def instance_roles(readers: int) -> tuple[str, ...]:
    """Roles of the cluster's instances; the writer comes first."""
    return ("writer", *(f"reader-{number}" for number in range(1, readers + 1)))


class Database(Component):
    """Creates the cluster with its writer and readers, parameter group, security group, log group and secrets.

    Guarantees: TLS on every connection, storage, snapshots and logs encrypted with customer-managed keys, point-in-time
    recovery for `backup_days`, no public address, no route to it but from the groups that were connected, deletion
    protection and a final snapshot. Orthanc's user and password are in Secrets Manager (`mb-db-user`,
    `mb-db-password`), where rotation changes them; the master's are kept and rotated by RDS.
    """

    TYPE = "imgstore:database:Database"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: DatabaseSettings,
        *,
        network: Network,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.settings = settings
        self.maintenance_window = maintenance_window(settings.maintenance_day, settings.maintenance_start)
        self.cluster_id = self.names.database_cluster
        self.instance_identifiers = {
            role: self.names.of("rds.ClusterInstance", role) for role in instance_roles(settings.readers)
        }
        self.security_group = security_group(
            self, "access", vpc_id=network.vpc.id, description="Aurora, reached by Orthanc alone"
        )
        self.user_secret, self.password_secret = self._secrets()
        self.logs = log_group(
            self,
            "logs",
            name=f"/aws/rds/cluster/{self.cluster_id}/postgresql",
            source_type="postgresql:log",
        )
        subnets = rds.SubnetGroup(
            self.child("subnets"),
            name=self.names.of("rds.SubnetGroup", name),
            description="Database subnets without any route out of the VPC",
            subnet_ids=network.subnet_ids("data"),
            tags=self.names.tags(name),
            opts=self.options(),
        )
        self.cluster = self._cluster(subnets, self._parameters(), self.logs)
        self.instances = self._instances(subnets)
        self.endpoint = self.cluster.endpoint
        self.master_secret_arn = self.cluster.master_user_secrets[0].secret_arn
        self.register_outputs({"clusterIdentifier": self.cluster.cluster_identifier, "endpoint": self.endpoint})

    @property
    def login_variables(self) -> dict[str, pulumi.Input[str]]:
        """Environment of a function that logs in as Orthanc does."""
        return {
            "USER_SECRET_ARN": self.user_secret.arn,
            "PASSWORD_SECRET_ARN": self.password_secret.arn,
            "DATABASE_HOST": self.endpoint,
            "DATABASE_PORT": str(PORT),
            "DATABASE_NAME": DATABASE,
        }

    def _secrets(self) -> tuple[StoredSecret, StoredSecret]:
        # Written once: a new value from here would undo a rotation.
        first = random.RandomPassword(self.child("initial-password"), length=40, special=False, opts=self.options())
        user = create_secret(
            self,
            "mb-db-user",
            description="Database user of Orthanc",
            value=FIRST_USER,
            version=1,
            rotated=True,
        )
        password = create_secret(
            self,
            "mb-db-password",
            description="Database password of Orthanc",
            value=first.result,
            version=1,
            rotated=True,
        )
        return user, password

    def _parameters(self) -> rds.ClusterParameterGroup:
        # A family change needs a new group beside the one in use, so the family is part of the name.
        group_family = parameter_group_family(self.settings.engine_version)
        return rds.ClusterParameterGroup(
            self.child(f"parameters-{group_family}"),
            name=self.names.of("rds.ClusterParameterGroup", group_family),
            family=group_family,
            description="TLS only; connections are logged, statements are not",
            parameters=[
                # Some of them are static in some versions; a reboot applies either kind.
                rds.ClusterParameterGroupParameterArgs(name=key, value=value, apply_method="pending-reboot")
                for key, value in PARAMETERS.items()
            ],
            tags=self.names.tags(group_family),
            opts=self.options(),
        )

    def _cluster(self, subnets: rds.SubnetGroup, parameters: rds.ClusterParameterGroup, logs: LogSource) -> rds.Cluster:
        settings = self.settings
        # A final snapshot outlives its cluster, so each cluster has a snapshot name of its own.
        snapshot = random.RandomId(self.child("final-snapshot"), byte_length=4, opts=self.options())
        return rds.Cluster(
            self.child("cluster"),
            cluster_identifier=self.cluster_id,
            engine="aurora-postgresql",
            engine_mode="provisioned",
            engine_version=settings.engine_version,
            database_name=DATABASE,
            master_username=MASTER,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=self.keys.secrets.arn,
            serverlessv2_scaling_configuration=rds.ClusterServerlessv2ScalingConfigurationArgs(
                min_capacity=settings.min_acu,
                max_capacity=settings.max_acu,
                seconds_until_auto_pause=settings.auto_pause_seconds,
            ),
            storage_encrypted=True,
            kms_key_id=self.keys.database.arn,
            db_subnet_group_name=subnets.name,
            db_cluster_parameter_group_name=parameters.name,
            vpc_security_group_ids=[self.security_group.id],
            iam_database_authentication_enabled=True,
            enabled_cloudwatch_logs_exports=["postgresql"],
            backup_retention_period=settings.backup_days,
            preferred_backup_window=backup_window(settings.backup_start),
            preferred_maintenance_window=self.maintenance_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=self.lifecycle.protected,
            skip_final_snapshot=False,
            final_snapshot_identifier=pulumi.Output.concat(self.cluster_id, "-final-", snapshot.hex),
            tags=self.names.tags("database", self.names.data),
            # RDS adds zones up to three; the difference would replace the cluster.
            opts=self.stateful(ignore_changes=["availabilityZones"], depends_on=[logs.group]),
        )

    def _instances(self, subnets: rds.SubnetGroup) -> list[rds.ClusterInstance]:
        monitor = ServiceRole(
            self.child("monitor"),
            self.base,
            assume=trust("monitoring.rds.amazonaws.com", self.names.account),
            managed=["arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"],
            opts=self.options(),
        )
        instances: list[rds.ClusterInstance] = []
        for position, (role, identifier) in enumerate(self.instance_identifiers.items()):
            instance = rds.ClusterInstance(
                self.child(role),
                identifier=identifier,
                cluster_identifier=self.cluster.id,
                engine=rds.EngineType.AURORA_POSTGRESQL,
                instance_class="db.serverless",
                db_subnet_group_name=subnets.name,
                publicly_accessible=False,
                ca_cert_identifier="rds-ca-rsa2048-g1",
                # The version is pinned: after an automatic upgrade the next update would ask for a downgrade.
                auto_minor_version_upgrade=False,
                preferred_maintenance_window=self.maintenance_window,
                monitoring_interval=MONITORING_SECONDS,
                monitoring_role_arn=monitor.ready,
                promotion_tier=position and position + FOLLOWING_TIER,
                copy_tags_to_snapshot=True,
                tags=self.names.tags(f"database-{role}", self.names.data),
                # Aurora makes the first instance that is created the writer.
                opts=self.options(depends_on=instances[:1]),
            )
            instances.append(instance)
        return instances
