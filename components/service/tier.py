"""A tier: one workload as an ECS service that scales and is replaced without loss. `web` and `app` are tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, ecs, lb, servicediscovery

from components.core import Component, Platform, ServiceRole, log_group, read_statements
from components.network import Network, connect, reach_prefix_list, security_group
from components.service.cluster import Cluster
from components.service.containers import Workload, definition
from components.service.scaling import Autoscaling, Signal, cpu_utilization
from layout.documents import Statement, allow, trust
from layout.naming import Names
from settings import Schedule, TierSettings

GRACE_SECONDS = 120
DISCOVERY_TTL_SECONDS = 10
STRATEGY_PARTS = 100


@dataclass(frozen=True, kw_only=True)
class Route:
    """How a load balancer reaches the tier: its target group, the ports it forwards to and probes, by purpose, its
    security group, and the listener that must exist first.
    """

    group: lb.TargetGroup
    port: str
    probe: str
    source: ec2.SecurityGroup
    listener: pulumi.Resource


@dataclass(frozen=True)
class Peer:
    """Another security group that opens connections to the tier, or to which the tier opens them, on one port."""

    suffix: str
    security_group: ec2.SecurityGroup
    port: int
    description: str


def capacity_providers(spot_share: float) -> list[ecs.ServiceCapacityProviderStrategyArgs]:
    """Weights of the capacity providers; a provider without a share is omitted."""
    spot = round(spot_share * STRATEGY_PARTS)
    weights = {"FARGATE": STRATEGY_PARTS - spot, "FARGATE_SPOT": spot}
    return [
        ecs.ServiceCapacityProviderStrategyArgs(capacity_provider=provider, weight=weight)
        for provider, weight in weights.items()
        if weight
    ]


def start_statements(workload: Workload, names: Names, *, log_arn: str) -> list[Statement]:
    """IAM statements of the execution role: pull the image, read the secrets, write the log."""
    return [
        # This action supports no resource: https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam.html
        allow("RegistryToken", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [workload.repository_arn],
        ),
        allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_arn}:*"]),
        *read_statements(names, workload.readable),
    ]


class Tier(Component):
    """Creates the task definition, service, roles, log group, security group, discovery name and scaling of a workload.

    Guarantees: tasks in app subnets without a public address; a failed deployment is rolled back; a deployment keeps at
    least the present number of tasks healthy; the execution role (image, secrets, log) and the task role are separate.
    Besides the load balancers of `routes`, only `clients` can connect to the tasks, and the tasks only to `servers` and
    AWS APIs. Without `signal`, the tier scales on its CPU utilization.
    """

    TYPE = "imgstore:tier:Tier"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: TierSettings,
        *,
        workload: Workload,
        cluster: Cluster,
        network: Network,
        routes: Sequence[Route],
        schedule: Schedule,
        signal: Signal | None = None,
        clients: Sequence[Peer] = (),
        servers: Sequence[Peer] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.workload = workload
        self.cluster_name = cluster.name
        self.service_name = self.names.of("ecs.Service", name)
        self.service_arn = self.names.arn("ecs", f"service/{self.cluster_name}/{self.service_name}")
        self.logs = log_group(
            self,
            "logs",
            name=self.names.log_group(workload.name),
            source_type=workload.log_type,
        )
        self.security_group = self._security_group(network, routes)
        self._connect(clients, servers)
        self.registry = self._discovery(cluster)
        task = self._task(settings)
        self.service = self._service(settings, task, cluster, network, routes)
        self.scaling = Autoscaling(
            self.child("scaling"),
            base,
            settings,
            cluster=cluster.name,
            service=self.service_name,
            schedule=schedule,
            signal=signal or cpu_utilization(cluster.name, self.service_name),
            depends_on=[self.service],
            opts=self.options(),
        )
        self.alarms += self.scaling.alarms
        self.register_outputs({"service": self.service.arn, "host": self.names.host(name)})

    def _connect(self, clients: Sequence[Peer], servers: Sequence[Peer]) -> None:
        own = self.security_group
        incoming = [(peer, peer.security_group, own) for peer in clients]
        outgoing = [(peer, own, peer.security_group) for peer in servers]
        for peer, source, target in [*incoming, *outgoing]:
            connect(self, peer.suffix, source=source, target=target, port=peer.port, description=peer.description)

    def _security_group(self, network: Network, routes: Sequence[Route]) -> ec2.SecurityGroup:
        group = security_group(self, "tasks", vpc_id=network.vpc.id, description=f"Tasks of the {self.component} tier")
        connect(self, "aws-apis", source=group, target=network.endpoints, port=443, description="Tasks call AWS APIs")
        reach_prefix_list(
            self,
            "s3",
            source=group,
            prefix_list_id=network.s3_prefix_list_id,
            description="Image layers and objects, through the S3 endpoint",
        )
        for route in routes:
            for purpose in sorted({route.port, route.probe}):
                connect(
                    self,
                    f"{route.port}-{purpose}",
                    source=route.source,
                    target=group,
                    port=self.workload.ports[purpose],
                    description=f"Load balancer to the {self.component} tier",
                )
        return group

    def _discovery(self, cluster: Cluster) -> servicediscovery.Service:
        record = servicediscovery.ServiceDnsConfigDnsRecordArgs(type="A", ttl=DISCOVERY_TTL_SECONDS)
        return servicediscovery.Service(
            self.child("name"),
            name=self.component,
            description=f"Tasks of the {self.component} tier",
            dns_config=servicediscovery.ServiceDnsConfigArgs(
                namespace_id=cluster.namespace.id, dns_records=[record], routing_policy="MULTIVALUE"
            ),
            # ECS reports the health of containers here; without it, starting and failing tasks are resolved too. The
            # provider omits the block without its only argument, which is deprecated; a class would warn about it.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
            # https://github.com/hashicorp/terraform-provider-aws/issues/44285
            health_check_custom_config={"failure_threshold": 1},
            force_destroy=True,  # AWS refuses to delete a service while a task is registered
            tags=self.names.tags(self.component),
            opts=self.options(),
        )

    def _task(self, settings: TierSettings) -> ecs.TaskDefinition:
        assume = trust("ecs-tasks.amazonaws.com", self.names.account, source=self.names.arn("ecs", "*"))
        start = ServiceRole(
            self.child("start"),
            self.base,
            assume=assume,
            statements=start_statements(self.workload, self.names, log_arn=self.logs.arn),
            opts=self.options(),
        )
        run = ServiceRole(
            self.child("run"), self.base, assume=assume, statements=self.workload.statements, opts=self.options()
        )
        self.task_role = run.name
        container = definition(self.workload, log_group=self.logs.name, region=self.names.region)
        return ecs.TaskDefinition(
            self.child("task"),
            family=self.names.of("ecs.TaskDefinition", self.component),
            container_definitions=pulumi.Output.json_dumps([container]),
            cpu=str(settings.cpu),
            memory=str(settings.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform=ecs.TaskDefinitionRuntimePlatformArgs(
                cpu_architecture=settings.architecture, operating_system_family="LINUX"
            ),
            execution_role_arn=start.ready,
            task_role_arn=run.ready,
            tags=self.names.tags(self.component),
            opts=self.options(depends_on=[self.logs.group]),
        )

    def _service(
        self,
        settings: TierSettings,
        task: ecs.TaskDefinition,
        cluster: Cluster,
        network: Network,
        routes: Sequence[Route],
    ) -> ecs.Service:
        load_balancers = [
            ecs.ServiceLoadBalancerArgs(
                target_group_arn=route.group.arn,
                container_name=self.workload.name,
                container_port=self.workload.ports[route.port],
            )
            for route in routes
        ]
        return ecs.Service(
            self.child("service"),
            name=self.service_name,
            cluster=cluster.cluster.arn,
            task_definition=task.arn,
            desired_count=settings.min,
            capacity_provider_strategies=capacity_providers(settings.spot_share),
            network_configuration=ecs.ServiceNetworkConfigurationArgs(
                subnets=network.subnet_ids("app"), security_groups=[self.security_group.id], assign_public_ip=False
            ),
            load_balancers=load_balancers,
            health_check_grace_period_seconds=GRACE_SECONDS if load_balancers else None,
            service_registries=ecs.ServiceServiceRegistriesArgs(registry_arn=self.registry.arn),
            deployment_circuit_breaker=ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            tags=self.names.tags(self.component),
            opts=self.options(
                # Autoscaling owns the count. A target group is only usable once a listener forwards to it.
                ignore_changes=["desiredCount"],
                depends_on=[cluster.capacity, *(route.listener for route in routes)],
            ),
        )
