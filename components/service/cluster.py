"""The ECS cluster of both tiers, and the private DNS namespace of its tasks."""

from __future__ import annotations

import pulumi
from pulumi_aws import ecs, servicediscovery

from components.core import Component, Platform, log_group
from components.network import Network

CAPACITY_PROVIDERS = ["FARGATE", "FARGATE_SPOT"]


class Cluster(Component):
    """Creates the cluster, its capacity providers, the log group of interactive sessions and the DNS namespace.

    Guarantees: task disks encrypted with the key for images; Container Insights on; interactive sessions, which no
    service here allows, would be encrypted and logged.
    """

    TYPE = "imgstore:cluster:Cluster"

    def __init__(
        self,
        name: str,
        base: Platform,
        *,
        network: Network,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.name = self.names.cluster
        self.logs = log_group(
            self,
            "exec-logs",
            name=self.names.log_group("ecs-exec"),
            source_type="aws:ecs:exec",
        )
        self.cluster = self._cluster()
        self.capacity = ecs.ClusterCapacityProviders(
            self.child("capacity"),
            cluster_name=self.cluster.name,
            capacity_providers=CAPACITY_PROVIDERS,
            opts=self.options(),
        )
        self.domain = self.names.internal_domain
        self.namespace = servicediscovery.PrivateDnsNamespace(
            self.child("namespace"),
            name=self.domain,
            description="Names of tasks inside the VPC",
            vpc=network.vpc.id,
            tags=self.names.tags("namespace"),
            opts=self.options(),
        )
        self.register_outputs({"cluster": self.cluster.arn, "namespace": self.domain})

    def _cluster(self) -> ecs.Cluster:
        session_log = ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
            cloud_watch_encryption_enabled=True, cloud_watch_log_group_name=self.logs.name
        )
        configuration = ecs.ClusterConfigurationArgs(
            execute_command_configuration=ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
                kms_key_id=self.keys.logs.arn, logging="OVERRIDE", log_configuration=session_log
            ),
            managed_storage_configuration=ecs.ClusterConfigurationManagedStorageConfigurationArgs(
                fargate_ephemeral_storage_kms_key_id=self.keys.images.arn
            ),
        )
        return ecs.Cluster(
            self.child("cluster"),
            name=self.name,
            configuration=configuration,
            settings=[ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
            tags=self.names.tags("store"),
            opts=self.options(depends_on=[self.logs.group]),
        )
