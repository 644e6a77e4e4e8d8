"""How a tier follows its load: a floor set by the study's timetable, a target that is tracked, a jump for surprises.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import appautoscaling

from components.core.alarms import AlarmTopic, Condition, Metric, alarm
from components.core.base import Component, Scope
from layout.schedule import capacity, transitions
from settings import Schedule, TierSettings

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"
SCALE_OUT_SECONDS = 60
SCALE_IN_SECONDS = 300
LEAD_MINUTES = 5
"""A floor rises this long before its period: a task takes one to two minutes to start and be found."""
SURGE_PERCENT = 100
"""A surprise doubles the tier at once: tracking alone needs about six minutes to believe it."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """The metric a tier follows: tracked at `target`, and answered with a jump at `surge` (same unit).

    `predefined` and `label` name it to target tracking, `metric` to the surge alarm.
    """

    predefined: str
    label: pulumi.Input[str] | None
    metric: Metric
    target: float
    surge: float


def cpu(cluster: str, service: str) -> Signal:
    """Processor use of a service in percent: what limits Orthanc, which parses every instance it stores."""
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


def requests(balancer_suffix: pulumi.Output[str], target_suffix: pulumi.Output[str]) -> Signal:
    """Requests a minute and task: what limits nginx. 8000 keep a quarter of a vCPU busy for 55 percent of the time."""
    return Signal(
        predefined="ALBRequestCountPerTarget",
        label=pulumi.Output.concat(balancer_suffix, "/", target_suffix),
        metric=Metric(
            namespace="AWS/ApplicationELB",
            name="RequestCountPerTarget",
            dimensions={"TargetGroup": target_suffix, "LoadBalancer": balancer_suffix},
        ),
        target=8000,
        surge=12000,
    )


class Autoscaling(Component):
    """Creates a service's scalable target, a scheduled action per boundary of the timetable, a tracking policy and a
    surge policy with its alarm.

    Guarantees: capacity never leaves the range of the settings; the floor of each period stands before its load comes;
    a surge doubles the tier within a minute of being seen and is told to `topic`, and scaling in is slow.
    """

    TYPE = "imgstore:scaling:Autoscaling"

    def __init__(
        self,
        name: str,
        scope: Scope,
        settings: TierSettings,
        *,
        cluster: str,
        service: str,
        schedule: Schedule,
        signal: Signal,
        topic: AlarmTopic,
        depends_on: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.target = appautoscaling.Target(
            self.child("target"),
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=f"service/{cluster}/{service}",
            min_capacity=settings.min,
            max_capacity=settings.max,
            tags=self.names.tags(name),
            # Scheduled actions move the range all week; the first value only holds until the next boundary.
            opts=self.options(depends_on=depends_on, ignore_changes=["minCapacity", "maxCapacity"]),
        )
        self._scheduled(settings, schedule)
        self._tracking(signal)
        self._surge(signal, topic)
        self.register_outputs({"resourceId": self.target.resource_id})

    def _common(self) -> dict[str, Any]:
        return {
            "service_namespace": self.target.service_namespace,
            "scalable_dimension": self.target.scalable_dimension,
            "resource_id": self.target.resource_id,
        }

    def _scheduled(self, settings: TierSettings, schedule: Schedule) -> None:
        for transition in transitions(schedule, lead=LEAD_MINUTES):
            floor, ceiling = capacity(transition.period.load, settings)
            appautoscaling.ScheduledAction(
                self.child(transition.label),
                name=self.names.of("ecs.Service", f"{self.component}-{transition.label}"),
                schedule=transition.cron,
                timezone=schedule.time_zone,
                scalable_target_action=appautoscaling.ScheduledActionScalableTargetActionArgs(
                    min_capacity=floor, max_capacity=ceiling
                ),
                **self._common(),
                opts=self.options(),
            )

    def _tracking(self, signal: Signal) -> None:
        metric = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
            predefined_metric_type=signal.predefined, resource_label=signal.label
        )
        appautoscaling.Policy(
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
            opts=self.options(),
        )

    def _surge(self, signal: Signal, topic: AlarmTopic) -> None:
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
            opts=self.options(),
        )
        alarm(
            self,
            "surge",
            topic,
            metric=signal.metric,
            condition=Condition(comparison="GreaterThanOrEqualToThreshold", value=signal.surge, seconds=60),
            description=f"{signal.metric.name} at or above {signal.surge:g}: the tier is doubled",
            remedy=policy.arn,
        )
