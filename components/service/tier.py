"""A tier: one workload as an ECS service that is replaced without loss and follows its load. Web is one, app is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, ecs, lb, servicediscovery

from components.core.alarms import AlarmTopic
from components.core.base import Component, Scope
from components.core.keys import Keys
from components.core.logs import log_group
from components.core.roles import ServiceRole
from components.core.secrets import read_statements
from components.network.network import Network
from components.network.security_groups import connect, reach_prefix_list, security_group
from components.service.cluster import Cluster
from components.service.containers import Workload, definition
from components.service.scaling import Autoscaling, Signal
from layout.documents import Statement, allow, trust
from settings import Schedule, TierSettings

GRACE_SECONDS = 120
DISCOVERY_TTL_SECONDS = 10
STRATEGY_PARTS = 100


@dataclass(frozen=True, kw_only=True)
class Route:
    """A balancer's way to the tier: its target group, the ports it sends to and probes, by purpose, and the listener
    that must exist first.
    """

    group: lb.TargetGroup
    port: str
    probe: str
    source: ec2.SecurityGroup
    listener: pulumi.Resource


def strategy(spot_share: float) -> list[ecs.ServiceCapacityProviderStrategyArgs]:
    """Weights of the capacity providers; a provider without a share is left out."""
    spot = round(spot_share * STRATEGY_PARTS)
    weights = {"FARGATE": STRATEGY_PARTS - spot, "FARGATE_SPOT": spot}
    return [
        ecs.ServiceCapacityProviderStrategyArgs(capacity_provider=provider, weight=weight)
        for provider, weight in weights.items()
        if weight
    ]


def start_statements(workload: Workload, scope: Scope, *, log_arn: str, repository_arn: str) -> list[Statement]:
    """What ECS may do to start the workload: pull its image, read its secrets, write its log."""
    return [
        # The token call knows no resource: https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam.html
        allow("RegistryToken", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn],
        ),
        allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_arn}:*"]),
        *read_statements(scope.names, workload.readable),
    ]


class Tier(Component):
    """Creates the task definition, service, roles, log group, security group, discovery name and scaling of a workload.

    Guarantees: tasks in app subnets without a public address; a bad release is rolled back; at least the present
    number of tasks stays healthy through a deployment; start-up rights (image, secrets, log) and run-time rights are
    two roles.
    """

    TYPE = "imgstore:tier:Tier"

    def __init__(
        self,
        name: str,
        scope: Scope,
        settings: TierSettings,
        *,
        workload: Workload,
        repository_arn: str,
        cluster: Cluster,
        network: Network,
        routes: Sequence[Route],
        schedule: Schedule,
        signal: Signal,
        topic: AlarmTopic,
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.workload = workload
        self.service_name = self.names.of("ecs.Service", name)
        self.logs = log_group(
            self,
            "logs",
            name=self.names.log_group(workload.name),
            source_type=workload.log_type,
            keys=keys,
        )
        self.security_group = self._firewall(network, routes)
        self.registry = self._discovery(cluster)
        task = self._task(settings, repository_arn)
        self.service = self._service(settings, task, cluster, network, routes)
        self.scaling = Autoscaling(
            self.child("scaling"),
            scope,
            settings,
            cluster=cluster.name,
            service=self.service_name,
            schedule=schedule,
            signal=signal,
            topic=topic,
            depends_on=[self.service],
            opts=self.options(),
        )
        self.register_outputs({"service": self.service.arn, "host": cluster.host(name)})

    def _firewall(self, network: Network, routes: Sequence[Route]) -> ec2.SecurityGroup:
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
                    description=f"Balancer to the {self.component} tier",
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
            tags=self.names.tags(self.component),
            opts=self.options(),
        )

    def _task(self, settings: TierSettings, repository_arn: str) -> ecs.TaskDefinition:
        assume = trust("ecs-tasks.amazonaws.com", self.names.account, source=self.names.arn("ecs", "*"))
        start = ServiceRole(
            self.child("start"),
            self.scope,
            assume=assume,
            statements=start_statements(
                self.workload, self.scope, log_arn=self.logs.arn, repository_arn=repository_arn
            ),
            opts=self.options(),
        )
        run = ServiceRole(
            self.child("run"), self.scope, assume=assume, statements=self.workload.statements, opts=self.options()
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
        balancers = [
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
            capacity_provider_strategies=strategy(settings.spot_share),
            network_configuration=ecs.ServiceNetworkConfigurationArgs(
                subnets=network.subnet_ids("app"), security_groups=[self.security_group.id], assign_public_ip=False
            ),
            load_balancers=balancers,
            health_check_grace_period_seconds=GRACE_SECONDS if balancers else None,
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
                # Autoscaling owns the count; a target group counts only once a listener forwards to it.
                ignore_changes=["desiredCount"],
                depends_on=[cluster.capacity, *(route.listener for route in routes)],
            ),
        )
