"""The ECS cluster both tiers run on, and the private names by which tasks find each other."""

from __future__ import annotations

import pulumi
from pulumi_aws import ecs, servicediscovery

from components.core.base import Component, Scope
from components.core.keys import Keys
from components.core.logs import log_group
from components.network.network import Network

CAPACITY_PROVIDERS = ["FARGATE", "FARGATE_SPOT"]


class Cluster(Component):
    """Creates the cluster, its capacity providers, the log group of interactive sessions and the DNS namespace.

    Guarantees: task disks encrypted with the key for images; Container Insights on; an interactive session, should
    one ever be allowed on a service, is encrypted and logged. Nothing here allows one.
    """

    TYPE = "imgstore:cluster:Cluster"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        network: Network,
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.name = self.names.of("ecs.Cluster", "store")
        self.exec_logs = log_group(
            self,
            "exec-logs",
            name=self.names.log_group("ecs-exec"),
            source_type="aws:ecs:exec",
            keys=keys,
        )
        self.cluster = self._cluster(keys)
        self.capacity = ecs.ClusterCapacityProviders(
            self.child("capacity"),
            cluster_name=self.cluster.name,
            capacity_providers=CAPACITY_PROVIDERS,
            opts=self.options(),
        )
        self.domain = f"{self.names.prefix}.internal"
        self.namespace = servicediscovery.PrivateDnsNamespace(
            self.child("namespace"),
            name=self.domain,
            description="Names of tasks inside the VPC",
            vpc=network.vpc.id,
            tags=self.names.tags("namespace"),
            opts=self.options(),
        )
        self.register_outputs({"cluster": self.cluster.arn, "namespace": self.domain})

    def host(self, service: str) -> str:
        """DNS name under which the tasks of `service` are found."""
        return f"{service}.{self.domain}"

    def _cluster(self, keys: Keys) -> ecs.Cluster:
        session_log = ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
            cloud_watch_encryption_enabled=True, cloud_watch_log_group_name=self.exec_logs.name
        )
        configuration = ecs.ClusterConfigurationArgs(
            execute_command_configuration=ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
                kms_key_id=keys.logs.arn, logging="OVERRIDE", log_configuration=session_log
            ),
            managed_storage_configuration=ecs.ClusterConfigurationManagedStorageConfigurationArgs(
                fargate_ephemeral_storage_kms_key_id=keys.images.arn
            ),
        )
        return ecs.Cluster(
            self.child("cluster"),
            name=self.name,
            configuration=configuration,
            settings=[ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
            tags=self.names.tags("store"),
            opts=self.options(depends_on=[self.exec_logs.group]),
        )
