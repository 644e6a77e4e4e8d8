"""Contracts of logs and alarms, and for each a broken plan that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.plan import Plan
from ops.plan.configuration import configuration, stacks
from tests.conftest import Plans
from tests.unit.contracts import alarms, logging
from tests.unit.contracts.edit import copy_resource, edit_named, edit_nested, in_json, in_statement, without
from tests.unit.contracts.mutation import Contract, ContractTests, Mutation

CONTRACTS: tuple[Contract, ...] = (
    logging.is_streamed,
    logging.within_limits,
    logging.no_loops,
    logging.is_kept,
    logging.declared_groups,
    alarms.heard,
    alarms.known_actions,
    alarms.reachable,
    alarms.metrics_of,
)


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_stack_keeps(contract: Contract, stack: str, plans: Plans):
    assert contract(plans(stack)) == []


@pytest.mark.parametrize("stack", stacks())
def test_events_are_kept_as_long_as_the_settings_say(stack: str, plans: Plans):
    settings = configuration(stack)["image-store:logging"]
    operational, audit = settings["retention_days"], settings["audit_retention_days"]
    for group in plans(stack).of_type(logging.GROUP):
        expected = operational if group.name in logging.OPERATIONAL else audit
        assert group.inputs["retentionInDays"] == expected, group.name


def test_no_group_stays_listed_that_no_stack_has(plans: Plans):
    names = {group.name for stack in stacks() for group in plans(stack).of_type(logging.GROUP)}
    assert {*logging.STREAMS, *logging.NOT_STREAMED} == names
    assert set(logging.OPERATIONAL) <= names


def test_no_group_of_aws_stays_listed_that_nothing_writes_to(plans: Plans):
    written = {name for _, name in logging.is_written(plans("prod"))}
    assert all(any(name.startswith(start) for name in written) for start in logging.MADE_BY_AWS)


def drop(name: str) -> Callable[[Plan], Plan]:
    return lambda plan: without(plan, plan.resource(name=name))


def subscribe(group: str, stream: str = "splunk-aws-waf") -> Callable[[Plan], Plan]:
    """One more subscription, of the group of that name."""

    def edit(plan: Plan) -> Plan:
        name = plan.resource(name=group).inputs["name"]
        target = f"${{{plan.resource(name=stream).urn}.arn}}"
        return copy_resource(plan, "splunk-from-nginx", logGroup=name, destinationArn=target)

    return edit


def logged_to(group: str) -> Callable[[Plan], Plan]:
    def change(held: list[dict[str, Any]]) -> None:
        held[0]["logConfiguration"]["options"]["awslogs-group"] = group

    return in_json("app-task", "containerDefinitions", change)


def mute_alarm(plan: Plan) -> Plan:
    """An alarm that only scales."""
    policy = plan.resource("aws:appautoscaling/policy:Policy", name="app-scaling-surge")
    return edit_named("app-scaling-surge-alarm", alarmActions=[f"${{{policy.urn}.arn}}"])(plan)


def twice(plan: Plan) -> Plan:
    return subscribe("web-logs")(edit_named("splunk-from-orthanc", logGroup="/octank-prod/nginx")(plan))


MUTATIONS = {
    "group that nobody streams": Mutation(
        logging.is_streamed, drop("splunk-from-cloudtrail"), "audit-logs: is streamed to []", "prod"
    ),
    "group in another group's stream": Mutation(
        logging.is_streamed,
        lambda plan: edit_named(
            "splunk-from-nginx", destinationArn=f"${{{plan.resource(name='splunk-orthanc-json').urn}.arn}}"
        )(plan),
        "web-logs: is streamed to ['splunk-orthanc-json'], not to ['splunk-nginx-access']",
        "prod",
    ),
    "group streamed twice": Mutation(
        logging.is_streamed, subscribe("web-logs"), "is streamed to ['splunk-nginx-access', 'splunk-aws-waf']", "prod"
    ),
    "new group": Mutation(
        logging.is_streamed,
        lambda plan: copy_resource(plan, "app-logs", name="/octank-prod/new"),
        "is streamed to []",
        "prod",
    ),
    "half of the events": Mutation(
        logging.is_streamed, edit_named("splunk-from-nginx", filterPattern="ERROR"), "leaves events out", "prod"
    ),
    "three filters": Mutation(logging.within_limits, twice, "/octank-prod/nginx: has 3 filters", "prod"),
    "filter of no group": Mutation(
        logging.within_limits,
        edit_named("splunk-from-nginx", logGroup="/other"),
        "/other: is filtered, but no group",
        "prod",
    ),
    "loop": Mutation(logging.no_loops, subscribe("splunk-errors"), "feeds a delivery with its own errors", "prod"),
    "log for ever": Mutation(
        logging.is_kept, edit_named("app-logs", retentionInDays=None), "keeps events no number of days"
    ),
    "log of a week": Mutation(
        logging.is_kept, edit_named("app-logs", retentionInDays=7), "keeps events 7 days, not 365"
    ),
    "audit record of a year": Mutation(
        logging.is_kept, edit_named("app-logs", retentionInDays=365), "keeps events 365 days, not 2192", "prod"
    ),
    "container's log in no group": Mutation(
        logging.declared_groups, logged_to("/ecs/orthanc"), "writes to /ecs/orthanc, which is no group of this stack"
    ),
    "another log of the database": Mutation(
        logging.declared_groups,
        edit_named("database-cluster", enabledCloudwatchLogsExports=["postgresql", "instance"]),
        "writes to /aws/rds/cluster/octank-dev-database/instance",
    ),
    "sessions without a log": Mutation(
        logging.declared_groups,
        edit_nested("cluster-cluster", "configuration.executeCommandConfiguration", {"logging": "DEFAULT"}),
        "writes to no group",
    ),
    "delivery without a log": Mutation(
        logging.declared_groups, drop("splunk-errors"), "writes to /octank-prod/splunk-delivery", "prod"
    ),
    "people's VPN without a log": Mutation(
        logging.declared_groups,
        edit_named("client-vpn-endpoint", connectionLogOptions=None),
        "writes to no group",
        "prod",
    ),
    "alarm that tells nobody": Mutation(
        alarms.heard, edit_named("audit-keys-alarm", alarmActions=None), "alarmActions tell"
    ),
    "alarm that only scales": Mutation(alarms.heard, mute_alarm, "app-scaling-surge-alarm: alarmActions tell nobody"),
    "alarm that is quiet without data": Mutation(
        alarms.heard, edit_named("audit-keys-alarm", insufficientDataActions=[]), "insufficientDataActions tell nobody"
    ),
    "alarm that is off": Mutation(
        alarms.heard, edit_named("audit-keys-alarm", actionsEnabled=False), "is switched off"
    ),
    "alarm that tells somebody else": Mutation(
        alarms.known_actions,
        edit_named("audit-keys-alarm", okActions=["arn:aws:sns:us-east-1:999900001111:other"]),
        "sets off arn:aws:sns:us-east-1:999900001111:other",
    ),
    "topic that CloudWatch may not use": Mutation(
        alarms.reachable,
        in_statement("alarms-policy", "PublishAlarms", Principal={"Service": ["budgets.amazonaws.com"]}),
        "CloudWatch may not publish",
    ),
    "topic of nobody": Mutation(
        alarms.reachable, drop("alarms-imaging-platform@octank.example"), "nobody is subscribed"
    ),
    "count that nobody watches": Mutation(
        alarms.metrics_of, drop("audit-keys-alarm"), "audit-keys: no alarm watches what it counts"
    ),
    "watch of what nobody counts": Mutation(
        alarms.metrics_of,
        lambda plan: without(plan, plan.resource("aws:cloudwatch/logMetricFilter:LogMetricFilter", name="audit-keys")),
        "audit-keys-alarm: nothing counts octank-dev/audit/keys",
    ),
    "watch of another name": Mutation(
        alarms.metrics_of, edit_named("audit-keys-alarm", metricName="key"), "nothing counts octank-dev/audit/key"
    ),
    "query of what nobody counts": Mutation(
        alarms.metrics_of,
        edit_nested("vpn-main-campus-down-alarm", "metricQueries.1.metric.namespace", "octank-prod/vpn"),
        "nothing counts octank-prod/vpn/TunnelState",
        "prod",
    ),
}


class TestMutations(ContractTests):
    contracts = CONTRACTS
    mutations = MUTATIONS
