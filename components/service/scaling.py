"""How a tier scales: a minimum set by the study's schedule, target tracking, and a step policy for surges.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import appautoscaling

from components.core import Component, Condition, Metric, Platform, alarm
from layout.schedule import capacity, transitions
from settings import Schedule, TierSettings

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"
SCALE_OUT_SECONDS = 60
SCALE_IN_SECONDS = 300
LEAD_MINUTES = 5
"""A minimum rises this long before its period: a task takes one to two minutes to start and be found."""
SURGE_PERCENT = 100
"""A surge doubles the tier at once: target tracking alone takes about six minutes to react."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """The metric that a tier scales on: tracked at `target`; at `surge` (same unit) the tier is doubled.

    `predefined` and `label` identify it to target tracking, `metric` to the surge alarm.
    """

    predefined: str
    label: pulumi.Input[str] | None
    metric: Metric
    target: float
    surge: float


def cpu_utilization(cluster: str, service: str) -> Signal:
    """CPU utilization of a service in percent: what limits Orthanc, which parses every instance it stores."""
    return Signal(
        predefined="ECSServiceAverageCPUUtilization",
        label=None,
        metric=Metric(
            namespace="AWS/ECS",
            name="CPUUtilization",
            dimensions={"ClusterName": cluster, "ServiceName": service},
            statistic="Average",
        ),
        target=55,
        surge=85,
    )


def requests_per_task(load_balancer_suffix: pulumi.Output[str], target_suffix: pulumi.Output[str]) -> Signal:
    """Requests per minute and task: what limits nginx. 8,000 use 55 percent of a quarter of a vCPU."""
    return Signal(
        predefined="ALBRequestCountPerTarget",
        label=pulumi.Output.concat(load_balancer_suffix, "/", target_suffix),
        metric=Metric(
            namespace="AWS/ApplicationELB",
            name="RequestCountPerTarget",
            dimensions={"TargetGroup": target_suffix, "LoadBalancer": load_balancer_suffix},
        ),
        target=8000,
        surge=12000,
    )


class Autoscaling(Component):
    """Creates a service's scalable target, a scheduled action per boundary of the schedule, a target tracking policy,
    and a step policy for surges with its alarm.

    Guarantees: capacity never leaves the range of the settings; the minimum of each period applies before its load
    arrives; a surge doubles the tier within a minute of the alarm and notifies the alarm topic; scaling in is slow. An
    update writes to the target one resource at a time.
    """

    TYPE = "imgstore:scaling:Autoscaling"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: TierSettings,
        *,
        cluster: str,
        service: str,
        schedule: Schedule,
        signal: Signal,
        depends_on: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.target = appautoscaling.Target(
            self.child("target"),
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=f"service/{cluster}/{service}",
            min_capacity=settings.min,
            max_capacity=settings.max,
            tags=self.names.tags(name),
            # Scheduled actions change the range all week; the initial value only lasts until the next boundary.
            opts=self.options(depends_on=depends_on, ignore_changes=["minCapacity", "maxCapacity"]),
        )
        self._written: pulumi.Resource = self.target
        self._scheduled_actions(settings, schedule)
        self._tracking(signal)
        self._surge(signal)
        self.register_outputs({"resourceId": self.target.resource_id})

    def _common(self) -> dict[str, Any]:
        return {
            "service_namespace": self.target.service_namespace,
            "scalable_dimension": self.target.scalable_dimension,
            "resource_id": self.target.resource_id,
        }

    def _next(self) -> pulumi.ResourceOptions:
        """Options of the next write to the target: AWS refuses writes to one target at the same time.

        https://github.com/hashicorp/terraform-provider-aws/issues/17915
        """
        return self.options(depends_on=[self._written])

    def _scheduled_actions(self, settings: TierSettings, schedule: Schedule) -> None:
        for transition in transitions(schedule, lead=LEAD_MINUTES):
            minimum, maximum = capacity(transition.period.load, settings)
            self._written = appautoscaling.ScheduledAction(
                self.child(transition.label),
                name=self.names.of("ecs.Service", f"{self.component}-{transition.label}"),
                schedule=transition.cron,
                timezone=schedule.time_zone,
                scalable_target_action=appautoscaling.ScheduledActionScalableTargetActionArgs(
                    min_capacity=minimum, max_capacity=maximum
                ),
                **self._common(),
                opts=self._next(),
            )

    def _tracking(self, signal: Signal) -> None:
        metric = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
            predefined_metric_type=signal.predefined, resource_label=signal.label
        )
        self._written = appautoscaling.Policy(
            self.child("tracking"),
            name=self.names.of("ecs.Service", f"{self.component}-tracking"),
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration=appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=signal.target,
                scale_in_cooldown=SCALE_IN_SECONDS,
                scale_out_cooldown=SCALE_OUT_SECONDS,
                predefined_metric_specification=metric,
            ),
            **self._common(),
            opts=self._next(),
        )

    def _surge(self, signal: Signal) -> None:
        step = appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs(
            metric_interval_lower_bound="0", scaling_adjustment=SURGE_PERCENT
        )
        policy = appautoscaling.Policy(
            self.child("surge"),
            name=self.names.of("ecs.Service", f"{self.component}-surge"),
            policy_type="StepScaling",
            step_scaling_policy_configuration=appautoscaling.PolicyStepScalingPolicyConfigurationArgs(
                adjustment_type="PercentChangeInCapacity",
                cooldown=SCALE_OUT_SECONDS,
                min_adjustment_magnitude=1,
                metric_aggregation_type="Average",
                step_adjustments=[step],
            ),
            **self._common(),
            opts=self._next(),
        )
        alarm(
            self,
            "surge",
            metric=signal.metric,
            condition=Condition(comparison="GreaterThanOrEqualToThreshold", value=signal.surge, seconds=60),
            description=f"{signal.metric.name} at or above {signal.surge:g}: the tier is doubled",
            scaling_policy=policy.arn,
        )
