"""Ways to break the rules for logs, alarms and the audit trail in this project's own plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ops.plan import Plan
from tests.unit.contracts.edit import edited, named, nested, without

Edit = Callable[[Plan], Plan]
NOT_OURS: dict[str, str] = {}
IMAGES = "advancedEventSelectors.1.fieldSelectors"


def drop(name: str) -> Edit:
    """Leaves a resource out."""
    return lambda plan: without(plan, plan.resource(name=name))


def move_filter(plan: Plan) -> Plan:
    """Puts the filter for route tables on another log group."""
    resource = plan.resource(name="audit-route-tables")
    inputs = {**resource.inputs, "logGroupName": "/octank-prod/nginx"}
    return edited(plan, resource, inputs=inputs, property_dependencies={})


def add_selector(**selector: Any) -> Edit:
    """Narrows which accesses to images are recorded."""

    def edit(plan: Plan) -> Plan:
        fields = plan.resource(name="audit-trail").inputs["advancedEventSelectors"][1]["fieldSelectors"]
        return nested("audit-trail", IMAGES, [*fields, selector])(plan)

    return edit


MUTATIONS: dict[str, tuple[str, Edit, frozenset[str]]] = {
    "a log group in plain": ("dev", named("app-logs", kmsKeyId=None), frozenset({"LOG-01"})),
    "a log group for a week": ("dev", named("web-logs", retentionInDays=7), frozenset({"LOG-02"})),
    "a log group that says nothing": ("prod", named("splunk-errors", retentionInDays=None), frozenset({"LOG-02"})),
    "audit events for a year": ("prod", named("audit-logs", retentionInDays=400), frozenset({"LOG-02"})),
    "an alarm that nobody hears": ("dev", named("audit-trails-alarm", alarmActions=[]), frozenset({"LOG-03"})),
    "an alarm without data": (
        "prod",
        named("replication-failed-alarm", insufficientDataActions=None),
        frozenset({"LOG-03"}),
    ),
    "an alarm switched off": ("dev", named("rotation-failed-alarm", actionsEnabled=False), frozenset({"LOG-03"})),
    "no filter for gateways": ("dev", drop("audit-gateways"), frozenset({"LOG-04"})),
    "no alarm for the root user": ("prod", drop("audit-root-use-alarm"), frozenset({"LOG-04"})),
    "a filter for some changes": (
        "dev",
        named("audit-vpcs", pattern="{ $.eventName = CreateVpc }"),
        frozenset({"LOG-04"}),
    ),
    "a filter elsewhere": (
        "prod",
        move_filter,
        frozenset({"LOG-04"}),
    ),
    "an alarm on another metric": ("dev", named("audit-network-acls-alarm", metricName="vpcs"), frozenset({"LOG-04"})),
    "a trail of one Region": ("dev", named("audit-trail", isMultiRegionTrail=None), frozenset({"CT-01"})),
    "a trail switched off": ("prod", named("audit-trail", enableLogging=False), frozenset({"CT-01"})),
    "a trail without a log group": ("dev", named("audit-trail", cloudWatchLogsGroupArn=None), frozenset({"CT-02"})),
    "a trail that may not write": ("prod", named("audit-trail", cloudWatchLogsRoleArn=None), frozenset({"CT-02"})),
    "a trail in plain": ("dev", named("audit-trail", kmsKeyId=None), frozenset({"CT-03"})),
    "files that cannot be validated": (
        "dev",
        named("audit-trail", enableLogFileValidation=False),
        frozenset({"CT-04"}),
    ),
    "reads not recorded": (
        "dev",
        add_selector(field="readOnly", equals=["false"]),
        frozenset({"CT-05"}),
    ),
    "images not recorded": (
        "prod",
        nested("audit-trail", f"{IMAGES}.2.startsWiths", ["arn:aws:s3:::octank-prod-archive-444455556666/"]),
        frozenset({"CT-05"}),
    ),
    "management events alone": (
        "dev",
        nested("audit-trail", f"{IMAGES}.0.equals", ["Management"]),
        frozenset({"CT-05"}),
    ),
}
