"""Mutations of this project's own plans that violate the rules for logs, alarms and the audit trail."""

from __future__ import annotations

from typing import Any

from ops.plan import Plan
from tests.policy.mutations import Edit, Mutations, drop
from tests.unit.contracts.edit import edit_named, edit_nested, edit_resource

NOT_OURS: dict[str, str] = {}
IMAGES = "advancedEventSelectors.1.fieldSelectors"


def move_filter(plan: Plan) -> Plan:
    """Moves the metric filter for route tables to another log group."""
    resource = plan.resource(name="audit-route-tables")
    inputs = {**resource.inputs, "logGroupName": "/octank-prod/nginx"}
    return edit_resource(plan, resource, inputs=inputs, property_dependencies={})


def add_selector(**selector: Any) -> Edit:
    """Adds a field selector to the data events of images."""

    def edit(plan: Plan) -> Plan:
        fields = plan.resource(name="audit-trail").inputs["advancedEventSelectors"][1]["fieldSelectors"]
        return edit_nested("audit-trail", IMAGES, [*fields, selector])(plan)

    return edit


MUTATIONS: Mutations = {
    "an unencrypted log group": ("dev", edit_named("app-logs", kmsKeyId=None), frozenset({"LOG-01"})),
    "a log group kept for a week": ("dev", edit_named("web-logs", retentionInDays=7), frozenset({"LOG-02"})),
    "a log group without retention": ("prod", edit_named("splunk-errors", retentionInDays=None), frozenset({"LOG-02"})),
    "audit events kept for a year": ("prod", edit_named("audit-logs", retentionInDays=400), frozenset({"LOG-02"})),
    "an alarm without actions": ("dev", edit_named("audit-trails-alarm", alarmActions=[]), frozenset({"LOG-03"})),
    "an alarm without actions on insufficient data": (
        "prod",
        edit_named("replication-failed-alarm", insufficientDataActions=None),
        frozenset({"LOG-03"}),
    ),
    "an alarm with actions disabled": (
        "dev",
        edit_named("rotation-failed-alarm", actionsEnabled=False),
        frozenset({"LOG-03"}),
    ),
    "no filter for gateways": ("dev", drop("audit-gateways"), frozenset({"LOG-04"})),
    "no alarm for the root user": ("prod", drop("audit-root-use-alarm"), frozenset({"LOG-04"})),
    "a filter for some of the events": (
        "dev",
        edit_named("audit-vpcs", pattern="{ $.eventName = CreateVpc }"),
        frozenset({"LOG-04"}),
    ),
    "a filter on another log group": (
        "prod",
        move_filter,
        frozenset({"LOG-04"}),
    ),
    "an alarm on another metric": (
        "dev",
        edit_named("audit-network-acls-alarm", metricName="vpcs"),
        frozenset({"LOG-04"}),
    ),
    "a trail of one Region": ("dev", edit_named("audit-trail", isMultiRegionTrail=None), frozenset({"CT-01"})),
    "a disabled trail": ("prod", edit_named("audit-trail", enableLogging=False), frozenset({"CT-01"})),
    "a trail without a log group": (
        "dev",
        edit_named("audit-trail", cloudWatchLogsGroupArn=None),
        frozenset({"CT-02"}),
    ),
    "a trail without a role for its log group": (
        "prod",
        edit_named("audit-trail", cloudWatchLogsRoleArn=None),
        frozenset({"CT-02"}),
    ),
    "an unencrypted trail": ("dev", edit_named("audit-trail", kmsKeyId=None), frozenset({"CT-03"})),
    "files that cannot be validated": (
        "dev",
        edit_named("audit-trail", enableLogFileValidation=False),
        frozenset({"CT-04"}),
    ),
    "reads not recorded": (
        "dev",
        add_selector(field="readOnly", equals=["false"]),
        frozenset({"CT-05"}),
    ),
    "images not recorded": (
        "prod",
        edit_nested("audit-trail", f"{IMAGES}.2.startsWiths", ["arn:aws:s3:::octank-prod-archive-444455556666/"]),
        frozenset({"CT-05"}),
    ),
    "only management events": (
        "dev",
        edit_nested("audit-trail", f"{IMAGES}.0.equals", ["Management"]),
        frozenset({"CT-05"}),
    ),
}
