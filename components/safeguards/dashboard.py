"""One page on which a person sees how the store is doing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from components.core.base import Component, Scope
from components.data.database import Database
from components.data.database import instances as database_instances
from components.edge.edge import Edge
from components.network.client_vpn import ClientVpn
from components.network.vpn import CampusVpn
from layout.naming import Names

COLUMNS = 24
HEIGHT = 6
PERIOD_SECONDS = 300
WIDGETS_MAX, METRICS_MAX, WIDGET_METRICS_MAX, WIDGET_ALARMS_MAX = 500, 2500, 500, 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""

BILLING_REGION = "us-east-1"
"""Estimated charges are there and nowhere else."""

Series = Sequence[Any]
"""One line of a graph, as a dashboard writes it: namespace, metric, dimensions in pairs, and options."""


class DashboardRefusedError(ValueError):
    """A page that CloudWatch would refuse."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the page shows; what is empty or None has no row.

    `services`: ECS service by tier. `balancer`, `network_balancer`: suffix of the balancer's ARN, and of its target
    group's. `tunnels`: VPN connection by center. `streams`: names of the delivery streams to Splunk.
    """

    alarms: Sequence[pulumi.Input[str]]
    cluster: str
    services: Mapping[str, str]
    balancer: tuple[pulumi.Input[str], pulumi.Input[str]]
    database: str
    writer: str
    readers: Sequence[str]
    budget: str
    network_balancer: tuple[pulumi.Input[str], pulumi.Input[str]] | None = None
    tunnels: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    client_vpn: pulumi.Input[str] | None = None
    streams: Sequence[str] = ()


def body(parts: Parts, region: str) -> str:
    """The page of `parts`, all of them known, as JSON. Raises DashboardRefusedError beyond CloudWatch's limits."""
    widgets: list[dict[str, Any]] = []
    top = 0
    for title, row in _rows(parts, region):
        for line, height in (([_text(f"## {title}")], 1), (row, HEIGHT)):
            width = COLUMNS // len(line)
            for position, widget in enumerate(line):
                widgets.append(widget | {"x": position * width, "y": top, "width": width, "height": height})
            top += height
    _check(widgets)
    return json.dumps({"start": "-PT12H", "periodOverride": "inherit", "widgets": widgets})


def _check(widgets: Sequence[dict[str, Any]]) -> None:
    metrics = [len(widget["properties"].get("metrics", ())) for widget in widgets]
    if len(widgets) > WIDGETS_MAX or sum(metrics) > METRICS_MAX or max(metrics, default=0) > WIDGET_METRICS_MAX:
        raise DashboardRefusedError(
            f"The dashboard has {len(widgets)} widgets with {sum(metrics)} metrics, at most {max(metrics)} in one; "
            f"CloudWatch takes {WIDGETS_MAX}, {METRICS_MAX} and {WIDGET_METRICS_MAX}."
        )


def _rows(parts: Parts, region: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if starts := range(0, len(parts.alarms), WIDGET_ALARMS_MAX):
        yield "Alarms", [_alarms(parts.alarms[start : start + WIDGET_ALARMS_MAX]) for start in starts]
    for title, graphs in (
        *((f"Tasks: {tier}", _tier(parts.cluster, service)) for tier, service in parts.services.items()),
        ("Requests", _edge(*parts.balancer)),
        ("DICOM", _network_balancer(*parts.network_balancer) if parts.network_balancer else {}),
        ("Database", _database(parts.database, parts.writer, parts.readers)),
        ("VPN", _vpn(parts.tunnels, parts.client_vpn)),
        ("Logs to Splunk", _splunk(parts.streams)),
    ):
        if graphs:
            yield title, [_graph(name, series, region) for name, series in graphs.items()]
    charges = ["AWS/Billing", "EstimatedCharges", "Currency", "USD", {"stat": "Maximum", "period": 21_600}]
    pointer = (
        f"Estimated charges of the whole account since the first of the month. What the study may cost is the budget "
        f"**{parts.budget}**, in *Billing and Cost Management → Budgets*; it tells when it is used up."
    )
    yield "Cost", [_graph("estimated charges (USD)", [charges], BILLING_REGION), _text(pointer)]


def _tier(cluster: str, service: str) -> dict[str, list[Series]]:
    where = ["ClusterName", cluster, "ServiceName", service]
    insights = "ECS/ContainerInsights"
    return {
        "tasks": [[insights, name, *where] for name in ("DesiredTaskCount", "RunningTaskCount")],
        "processor (%)": [["AWS/ECS", "CPUUtilization", *where, {"stat": stat}] for stat in ("Average", "Maximum")],
        "memory (%)": [["AWS/ECS", "MemoryUtilization", *where, {"stat": stat}] for stat in ("Average", "Maximum")],
    }


def _edge(balancer: Any, target: Any) -> dict[str, list[Series]]:
    where, at = ["LoadBalancer", balancer], ["TargetGroup", target, "LoadBalancer", balancer]
    space, total = "AWS/ApplicationELB", {"stat": "Sum"}
    errors = [f"HTTPCode_{source}_{kind}_Count" for source in ("ELB", "Target") for kind in ("4XX", "5XX")]
    return {
        "requests": [[space, "RequestCount", *where, total]],
        "errors, by the balancer and by nginx": [[space, name, *where, total] for name in errors],
        "seconds to answer": [[space, "TargetResponseTime", *where, {"stat": stat}] for stat in ("p50", "p99")],
        "hosts, refused connections": [
            [space, "HealthyHostCount", *at, {"stat": "Minimum"}],
            [space, "UnHealthyHostCount", *at, {"stat": "Maximum"}],
            [space, "RejectedConnectionCount", *where, total],
        ],
    }


def _network_balancer(balancer: Any, target: Any) -> dict[str, list[Series]]:
    where, at = ["LoadBalancer", balancer], ["TargetGroup", target, "LoadBalancer", balancer]
    space = "AWS/NetworkELB"
    return {
        "connections": [
            [space, "NewFlowCount", *where, {"stat": "Sum"}],
            [space, "ActiveFlowCount", *where],
            [space, "TCP_Target_Reset_Count", *where, {"stat": "Sum"}],
        ],
        "hosts": [
            [space, "HealthyHostCount", *at, {"stat": "Minimum"}],
            [space, "UnHealthyHostCount", *at, {"stat": "Maximum"}],
        ],
    }


def _database(cluster: str, writer: str, readers: Sequence[str]) -> dict[str, list[Series]]:
    space, whole = "AWS/RDS", ["DBClusterIdentifier", cluster]
    each = [["DBInstanceIdentifier", instance] for instance in (writer, *readers)]
    lag = [[space, "AuroraReplicaLag", "DBInstanceIdentifier", reader] for reader in readers]
    return {
        "capacity (ACU)": [[space, "ServerlessDatabaseCapacity", *where] for where in each],
        "connections": [[space, "DatabaseConnections", *where] for where in each],
        "processor (%)": [[space, "CPUUtilization", *where] for where in each],
        "milliseconds: commit, reader's lag": [[space, "CommitLatency", *whole], *lag],
    }


def _vpn(tunnels: Mapping[str, Any], client_vpn: Any) -> dict[str, list[Series]]:
    states: list[Series] = [
        ["AWS/VPN", "TunnelState", "VpnId", known, {"label": center, "stat": "Minimum"}]
        for center, known in tunnels.items()
    ]
    people: list[Series] = [
        ["AWS/ClientVPN", name, "Endpoint", client_vpn, {"stat": stat}]
        for name, stat in (("ActiveConnectionsCount", "Maximum"), ("AuthenticationFailures", "Sum"))
    ]
    graphs: dict[str, list[Series]] = {"tunnels (1: both up, 0: none)": states, "people": people if client_vpn else []}
    return {name: series for name, series in graphs.items() if series}


def _splunk(streams: Sequence[str]) -> dict[str, list[Series]]:
    measures = {
        "age of the oldest event (s)": ("DeliveryToSplunk.DataFreshness", "Maximum"),
        "share delivered": ("DeliveryToSplunk.Success", "Average"),
        "events given up, to S3": ("BackupToS3.Records", "Sum"),
    }
    return {
        title: [["AWS/Firehose", name, "DeliveryStreamName", stream, {"stat": stat}] for stream in streams]
        for title, (name, stat) in measures.items()
        if streams
    }


def _graph(title: str, series: Sequence[Series], region: str) -> dict[str, Any]:
    shown = {"title": title, "region": region, "view": "timeSeries", "stat": "Average", "period": PERIOD_SECONDS}
    return {"type": "metric", "properties": {**shown, "metrics": [list(line) for line in series]}}


def _text(markdown: str) -> dict[str, Any]:
    return {"type": "text", "properties": {"markdown": markdown}}


def _alarms(arns: Sequence[Any]) -> dict[str, Any]:
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(arns)}}


def parts(
    names: Names,
    *,
    alarms: Sequence[cloudwatch.MetricAlarm],
    edge: Edge,
    database: Database,
    vpn: CampusVpn,
    client_vpn: ClientVpn | None,
    streams: Sequence[str],
) -> Parts:
    """What the components have to show."""
    instances = [names.of("rds.ClusterInstance", role) for role in database_instances(database.settings.readers)]
    network_balancers = [(edge.nlb.arn_suffix, route.group.arn_suffix) for route in edge.dicom_routes if edge.nlb]
    return Parts(
        alarms=[alarm.arn for alarm in alarms],
        cluster=names.of("ecs.Cluster", "store"),
        services={tier: names.of("ecs.Service", tier) for tier in ("web", "app")},
        balancer=(edge.alb.arn_suffix, edge.web_group.arn_suffix),
        network_balancer=next(iter(network_balancers), None),
        database=database.cluster_id,
        writer=instances[0],
        readers=instances[1:],
        tunnels={center: connection.id for center, connection in vpn.connections.items()},
        client_vpn=client_vpn.endpoint.id if client_vpn else None,
        budget=names.of("budgets.Budget", "monthly"),
        streams=streams,
    )


class Dashboard(Component):
    """Creates the dashboard `<prefix>-store`: a row for each of `parts`.

    Guarantees: it is within CloudWatch's limits, and shows numbers alone, no log line and so no patient's name.
    """

    TYPE = "imgstore:dashboard:Dashboard"

    def __init__(self, name: str, scope: Scope, parts: Parts, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, scope, opts)
        region = self.names.region
        awaited = {part.name: getattr(parts, part.name) for part in fields(parts)}
        self.dashboard = cloudwatch.Dashboard(
            self.child("page"),
            dashboard_name=self.names.of("cloudwatch.Dashboard", "store"),
            dashboard_body=pulumi.Output.all(**awaited).apply(lambda known: body(Parts(**known), region)),
            opts=self.options(),
        )
        self.register_outputs({"arn": self.dashboard.dashboard_arn})
