"""CloudWatch alarms, each of which notifies the alarm topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
from pulumi_aws import cloudwatch

from components.core.platform import Component

Statistic = Literal["Average", "Maximum", "Minimum", "Sum"]
Comparison = Literal["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A CloudWatch metric, and how the points of a period become one value."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    statistic: Statistic = "Sum"


@dataclass(frozen=True, kw_only=True)
class MetricMax:
    """The largest value of several metrics. The keys of `of` are their ids in the metric math expression."""

    of: Mapping[str, Metric]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """When an alarm enters ALARM: `comparison` with `value` holds in each of `periods` periods of `seconds`.

    `treat_missing_data` decides for a period without data: `breaching` suits what must happen, `notBreaching` what must
    not.
    """

    comparison: Comparison
    value: float
    seconds: int = 300
    periods: int = 1
    treat_missing_data: Literal["breaching", "notBreaching"] = "notBreaching"


AT_LEAST_ONCE = Condition(comparison="GreaterThanOrEqualToThreshold", value=1)
"""For events of which one is too many."""


def metric_arguments(metric: Metric | MetricMax, seconds: int) -> dict[str, Any]:
    """Arguments of an alarm that select its metric, with one value every `seconds`."""
    if isinstance(metric, MetricMax):
        result = {
            "id": "either",
            "expression": f"MAX([{', '.join(metric.of)}])",
            "label": "either",
            "return_data": True,
        }
        queries = [
            {"id": key, "metric": {**_series(one, seconds), "stat": one.statistic}} for key, one in metric.of.items()
        ]
        return {"metric_queries": [result, *queries]}
    return {**_series(metric, seconds), "statistic": metric.statistic}


def _series(metric: Metric, seconds: int) -> dict[str, Any]:
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": dict(metric.dimensions),
        "period": seconds,
    }


def alarm(
    component: Component,
    suffix: str,
    *,
    metric: Metric | MetricMax,
    condition: Condition,
    description: str,
    scaling_policy: pulumi.Input[str] | None = None,
) -> None:
    """Creates the alarm `<prefix>-<component>-<suffix>`, and lists it in the component's `alarms`.

    It notifies the alarm topic when it enters ALARM, INSUFFICIENT_DATA or OK. In ALARM it also runs `scaling_policy`,
    an ARN.
    """
    name = component.child(suffix)
    topic = component.base.alarms.ready
    made = cloudwatch.MetricAlarm(
        component.child(f"{suffix}-alarm"),
        name=component.names.of("cloudwatch.MetricAlarm", name),
        alarm_description=description,
        comparison_operator=condition.comparison,
        threshold=condition.value,
        evaluation_periods=condition.periods,
        treat_missing_data=condition.treat_missing_data,
        alarm_actions=[topic] if scaling_policy is None else [scaling_policy, topic],
        insufficient_data_actions=[topic],
        ok_actions=[topic],
        tags=component.names.tags(name),
        opts=component.options(),
        **metric_arguments(metric, condition.seconds),
    )
    component.alarms.append(made)
