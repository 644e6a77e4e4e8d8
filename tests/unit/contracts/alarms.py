"""Alarms: each is heard by somebody, and measures what somebody counts."""

from __future__ import annotations

from ops.plan import Plan, PlannedResource
from tests.unit.contracts.documents import statements
from tests.unit.contracts.encryption import values

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "aws:sns/topic:Topic"
REMEDY = "aws:appautoscaling/policy:Policy"

ACTIONS = ("alarmActions", "insufficientDataActions")
AWS_NAMESPACE = "AWS/"

Metric = tuple[str | None, str | None]


def heard(plan: Plan) -> list[str]:
    """Every alarm tells a topic of this stack of trouble and of missing data, and is switched on."""
    violations = []
    for alarm in plan.of_type(ALARM):
        if alarm.inputs.get("actionsEnabled") is False:
            violations.append(f"{alarm.urn}: is switched off")
        for name in ACTIONS:
            kinds = {plan.by_urn[found.urn].type for found in plan.references(alarm.inputs.get(name, []))}
            if TOPIC not in kinds:
                violations.append(f"{alarm.urn}: {name} tell nobody")
    return violations


def known_actions(plan: Plan) -> list[str]:
    """An alarm sets off nothing but a topic or a scaling policy of this stack."""
    return [
        f"{alarm.urn}: sets off {action}"
        for alarm in plan.of_type(ALARM)
        for name in (*ACTIONS, "okActions")
        for action in alarm.inputs.get(name, [])
        if not {plan.by_urn[found.urn].type for found in plan.references(action)} & {TOPIC, REMEDY}
    ]


def reachable(plan: Plan) -> list[str]:
    """CloudWatch may publish to every topic, and somebody is subscribed to it."""
    allowed = {
        arn
        for statement in statements(plan)
        if statement.allows
        and statement.resource.type == "aws:sns/topicPolicy:TopicPolicy"
        and "cloudwatch.amazonaws.com" in statement.principals
        and "sns:Publish" in statement.actions
        for arn in statement.resources
    }
    subscribed = {
        found.urn
        for subscription in plan.of_type("aws:sns/topicSubscription:TopicSubscription")
        for found in plan.references(subscription.inputs["topic"])
    }
    topics = plan.of_type(TOPIC)
    return [
        f"{topic.urn}: CloudWatch may not publish"
        for topic in topics
        if not any(arn.endswith(f":{topic.inputs['name']}") for arn in allowed)
    ] + [f"{topic.urn}: nobody is subscribed" for topic in topics if topic.urn not in subscribed]


def metrics_of(plan: Plan) -> list[str]:
    """What a filter counts, an alarm watches; what an alarm watches outside AWS's own metrics, a filter counts."""
    counted = {
        (namespace, name): each
        for each in plan.of_type("aws:cloudwatch/logMetricFilter:LogMetricFilter")
        for namespace in values(each.inputs, "metricTransformation.namespace")
        for name in values(each.inputs, "metricTransformation.name")
    }
    watched = {metric: alarm for alarm in plan.of_type(ALARM) for metric in _metrics(alarm)}
    return [
        f"{each.urn}: no alarm watches what it counts" for metric, each in counted.items() if metric not in watched
    ] + [
        f"{alarm.urn}: nothing counts {'/'.join(str(part) for part in metric)}"
        for metric, alarm in watched.items()
        if metric not in counted and not str(metric[0]).startswith(AWS_NAMESPACE)
    ]


def _metrics(alarm: PlannedResource) -> list[Metric]:
    queries = [query["metric"] for query in alarm.inputs.get("metricQueries", []) if "metric" in query]
    return [(each.get("namespace"), each.get("metricName")) for each in queries or [alarm.inputs]]
