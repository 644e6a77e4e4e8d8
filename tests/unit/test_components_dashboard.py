"""The dashboard shows what is declared, within CloudWatch's limits, and no widget hides another."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import pytest
from pulumi_aws import cloudwatch

from components.safeguards import dashboard
from components.safeguards.dashboard import DashboardRefusedError, Metrics
from ops.plan import Plan
from tests.conftest import Plans

METRICS = Metrics(
    alarms=[],
    cluster="c",
    services={"web": "s"},
    load_balancer=("app/b/1", "targetgroup/w/1"),
    database="d",
    writer="w",
    readers=[],
    budget="monthly",
)

SOURCES = {
    "ClusterName": ("aws:ecs/cluster:Cluster", "name"),
    "ServiceName": ("aws:ecs/service:Service", "name"),
    "DBClusterIdentifier": ("aws:rds/cluster:Cluster", "clusterIdentifier"),
    "DBInstanceIdentifier": ("aws:rds/clusterInstance:ClusterInstance", "identifier"),
    "DeliveryStreamName": ("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "name"),
    "LoadBalancer": ("aws:lb/loadBalancer:LoadBalancer", "arnSuffix"),
    "TargetGroup": ("aws:lb/targetGroup:TargetGroup", "arnSuffix"),
    "VpnId": ("aws:ec2/vpnConnection:VpnConnection", "id"),
    "Endpoint": ("aws:ec2clientvpn/endpoint:Endpoint", "id"),
}
"""What a dimension names: a type, and its input or, where AWS decides, its output."""


def page(plan: Plan) -> dict[str, Any]:
    return json.loads(plan.resource(cloudwatch.Dashboard).inputs["dashboardBody"])


def widgets(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [widget["properties"] for widget in body["widgets"] if widget["type"] == kind]


def dimensions(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Every dimension of every metric, with its value."""
    found = []
    for graph in widgets(body, "metric"):
        for series in graph["metrics"]:
            pairs = [part for part in series[2:] if isinstance(part, str)]
            found += list(zip(pairs[::2], pairs[1::2], strict=True))
    return found


def undeclared_metrics(plan: Plan, body: dict[str, Any]) -> list[tuple[str, str]]:
    """Dimensions of no resource of the plan."""
    wrong = []
    for dimension, value in dimensions(body):
        if dimension == "Currency":
            continue
        kind, key = SOURCES[dimension]
        resources = plan.of_type(kind)
        tokens = [f"${{{resource.urn}.{key}}}" for resource in resources]
        if value not in tokens and value not in [resource.inputs.get(key) for resource in resources]:
            wrong.append((dimension, value))
    return wrong


def overlaps(body: dict[str, Any]) -> list[tuple[int, int]]:
    cells: dict[tuple[int, int], int] = {}
    found = []
    for number, widget in enumerate(body["widgets"]):
        across = range(widget["x"], widget["x"] + widget["width"])
        down = range(widget["y"], widget["y"] + widget["height"])
        for cell in itertools.product(across, down):
            if cell in cells:
                found.append((cells[cell], number))
            cells[cell] = number
    return found


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_every_dimension_is_of_a_declared_resource(plans: Plans, stack: str):
    body = page(plans(stack))
    assert len(dimensions(body)) > 20
    assert undeclared_metrics(plans(stack), body) == []


@pytest.mark.parametrize("stack", ["prod", "dev"])
@pytest.mark.parametrize("lost", ["web-service", "database-writer", "edge-web"])
def test_a_dimension_of_nothing_is_noticed(plans: Plans, stack: str, lost: str):
    plan = plans(stack)
    fewer = dataclasses.replace(plan, resources=tuple(found for found in plan.resources if found.name != lost))
    assert undeclared_metrics(fewer, page(plan)) != []


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_every_alarm_is_shown(plans: Plans, stack: str):
    plan = plans(stack)
    shown = [arn for widget in widgets(page(plan), "alarm") for arn in widget["alarms"]]
    assert sorted(shown) == sorted(f"${{{alarm.urn}.arn}}" for alarm in plan.of_type(cloudwatch.MetricAlarm))


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_widgets_lie_in_the_grid_and_beside_one_another(plans: Plans, stack: str):
    body = page(plans(stack))
    assert overlaps(body) == []
    for widget in body["widgets"]:
        assert widget["width"] >= 1
        assert widget["x"] + widget["width"] <= 24


def test_an_overlap_is_noticed(plans: Plans):
    body = page(plans("dev"))
    body["widgets"][-1] |= {"x": 0, "y": 0}
    assert overlaps(body) != []


def test_charges_are_read_where_they_are():
    charged = [
        graph["region"]
        for graph in widgets(json.loads(dashboard.body(METRICS, "eu-west-1")), "metric")
        if graph["metrics"][0][0] == "AWS/Billing"
    ]
    assert charged == ["us-east-1"]


def test_what_is_not_there_has_no_row():
    few = dashboard.body(METRICS, "us-east-1")
    for absent in ("AWS/VPN", "AWS/ClientVPN", "AWS/NetworkELB", "AWS/Firehose", "AuroraReplicaLag", '"alarm"'):
        assert absent not in few
    more = dataclasses.replace(
        METRICS,
        alarms=["arn"],
        network_load_balancer=("net/b/1", "targetgroup/d/1"),
        tunnels={"lab": "vpn-1"},
        client_vpn="cvpn-1",
        streams=["nginx", "orthanc"],
        readers=["r"],
    )
    for present in ("AWS/VPN", "AWS/ClientVPN", "AWS/NetworkELB", "AWS/Firehose", "AuroraReplicaLag", '"alarm"'):
        assert present in dashboard.body(more, "us-east-1")


def test_a_widget_takes_a_hundred_alarms():
    many = dataclasses.replace(METRICS, alarms=[f"arn{number}" for number in range(250)])
    body = json.loads(dashboard.body(many, "us-east-1"))
    assert [len(widget["alarms"]) for widget in widgets(body, "alarm")] == [100, 100, 50]
    assert overlaps(body) == []


def test_a_page_beyond_the_limits_is_refused():
    with pytest.raises(DashboardRefusedError, match="2500"):
        dashboard.body(dataclasses.replace(METRICS, services={str(n): "s" for n in range(500)}), "us-east-1")
    with pytest.raises(DashboardRefusedError, match="501 in one"):
        dashboard.body(dataclasses.replace(METRICS, streams=[str(n) for n in range(501)]), "us-east-1")
