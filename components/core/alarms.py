"""Alarms, and the topic through which they reach people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
from pulumi_aws import cloudwatch, sns

from components.core.base import Component, Scope
from components.core.keys import Keys
from layout.documents import Statement, allow, document
from layout.naming import Names

PUBLISHERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
"""Services that publish in their own name; everything else publishes with a role."""

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
class Largest:
    """The largest value of several metrics, each known in the expression by its key."""

    of: Mapping[str, Metric]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """When an alarm rings: `value` of `comparison` in each of `periods` periods of `seconds`.

    `silence` says what a period without data means; `breaching` suits what must happen, `notBreaching` what must not.
    """

    comparison: Comparison
    value: float
    seconds: int = 300
    periods: int = 1
    silence: Literal["breaching", "notBreaching"] = "notBreaching"


def topic_policy(names: Names, topic_arn: str) -> str:
    """CloudWatch and Budgets may publish for this account alone, and nobody without TLS."""
    refuse: Statement = {
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    publish = allow(
        "PublishAlarms",
        ["sns:Publish"],
        [topic_arn],
        principal={"Service": list(PUBLISHERS)},
        conditions={"StringEquals": {"aws:SourceAccount": names.account}},
    )
    return document(publish, refuse)


class AlarmTopic(Component):
    """Creates the topic of all alarms, its policy, and a subscription per address.

    Guarantees: messages are encrypted with the key for logs and alarms, whose policy lets the publishers use it (the
    AWS-managed key never would); only this account's services publish. Every address must confirm by e-mail.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    TYPE = "imgstore:alarms:AlarmTopic"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        emails: Sequence[str],
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        topic_name = self.names.of("sns.Topic", name)
        self.arn = self.names.arn("sns", topic_name)
        topic = sns.Topic(
            self.child("topic"),
            name=topic_name,
            kms_master_key_id=keys.logs.arn,
            tags=self.names.tags(name),
            opts=self.options(),
        )
        policy = sns.TopicPolicy(
            self.child("policy"), arn=topic.arn, policy=topic_policy(self.names, self.arn), opts=self.options()
        )
        for email in emails:
            sns.TopicSubscription(
                self.child(email), topic=topic.arn, protocol="email", endpoint=email, opts=self.options()
            )
        self.alarms: list[cloudwatch.MetricAlarm] = []
        # Whoever publishes waits for the policy that lets it.
        self.ready = pulumi.Output.all(topic.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": topic.arn})


def watched(metric: Metric | Largest, seconds: int) -> dict[str, Any]:
    """Arguments of an alarm that say what it watches, one value every `seconds`."""
    if isinstance(metric, Largest):
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
    topic: AlarmTopic,
    *,
    metric: Metric | Largest,
    condition: Condition,
    description: str,
    remedy: pulumi.Input[str] | None = None,
) -> cloudwatch.MetricAlarm:
    """Creates the alarm `<prefix>-<component>-<suffix>`, which tells `topic` of trouble, of missing data and of
    recovery, and sets off `remedy`, the ARN of a scaling policy.
    """
    name = component.child(suffix)
    made = cloudwatch.MetricAlarm(
        component.child(f"{suffix}-alarm"),
        name=component.names.of("cloudwatch.MetricAlarm", name),
        alarm_description=description,
        comparison_operator=condition.comparison,
        threshold=condition.value,
        evaluation_periods=condition.periods,
        treat_missing_data=condition.silence,
        alarm_actions=[topic.ready] if remedy is None else [remedy, topic.ready],
        insufficient_data_actions=[topic.ready],
        ok_actions=[topic.ready],
        tags=component.names.tags(name),
        opts=component.options(),
        **watched(metric, condition.seconds),
    )
    topic.alarms.append(made)
    return made
