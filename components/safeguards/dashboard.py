"""The CloudWatch dashboard of the store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from components.core import Component, Platform
from components.data import Database
from components.edge import Edge
from components.network import CampusVpn, ClientVpn
from components.safeguards.budget import StudyBudget
from components.safeguards.splunk import SplunkStream
from components.service import Tier

COLUMNS = 24
HEIGHT = 6
PERIOD_SECONDS = 300
WIDGETS_MAX, METRICS_MAX, WIDGET_METRICS_MAX, WIDGET_ALARMS_MAX = 500, 2500, 500, 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""

BILLING_REGION = "us-east-1"
"""The only Region with estimated charges."""

Series = Sequence[Any]
"""One line of a graph, in the dashboard's syntax: namespace, metric, dimensions in pairs, and options."""


class DashboardRefusedError(ValueError):
    """A dashboard beyond CloudWatch's limits."""


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What the dashboard shows; a part that is empty or None has no row.

    `services`: ECS service by tier. `load_balancer`, `network_load_balancer`: suffixes of the ARNs of the load
    balancer and its target group. `tunnels`: VPN connection by center. `streams`: names of the delivery
    streams to Splunk.
    """

    alarms: Sequence[pulumi.Input[str]]
    cluster: str
    services: Mapping[str, str]
    load_balancer: tuple[pulumi.Input[str], pulumi.Input[str]]
    database: str
    writer: str
    readers: Sequence[str]
    budget: str
    network_load_balancer: tuple[pulumi.Input[str], pulumi.Input[str]] | None = None
    tunnels: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    client_vpn: pulumi.Input[str] | None = None
    streams: Sequence[str] = ()


def body(metrics: Metrics, region: str) -> str:
    """The dashboard's body as JSON. Raises DashboardRefusedError beyond CloudWatch's limits."""
    widgets: list[dict[str, Any]] = []
    top = 0
    for title, row in _rows(metrics, region):
        for line, height in (([_text(f"## {title}")], 1), (row, HEIGHT)):
            width = COLUMNS // len(line)
            for position, widget in enumerate(line):
                widgets.append(widget | {"x": position * width, "y": top, "width": width, "height": height})
            top += height
    _check(widgets)
    return json.dumps({"start": "-PT12H", "periodOverride": "inherit", "widgets": widgets})


def _check(widgets: Sequence[dict[str, Any]]) -> None:
    counts = [len(widget["properties"].get("metrics", ())) for widget in widgets]
    if len(widgets) > WIDGETS_MAX or sum(counts) > METRICS_MAX or max(counts, default=0) > WIDGET_METRICS_MAX:
        raise DashboardRefusedError(
            f"The dashboard has {len(widgets)} widgets with {sum(counts)} metrics, at most {max(counts)} in one; "
            f"CloudWatch takes {WIDGETS_MAX}, {METRICS_MAX} and {WIDGET_METRICS_MAX}."
        )


def _rows(metrics: Metrics, region: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if starts := range(0, len(metrics.alarms), WIDGET_ALARMS_MAX):
        yield "Alarms", [_alarms(metrics.alarms[start : start + WIDGET_ALARMS_MAX]) for start in starts]
    for title, graphs in (
        *((f"Tasks: {tier}", _tier(metrics.cluster, service)) for tier, service in metrics.services.items()),
        ("Requests", _edge(*metrics.load_balancer)),
        ("DICOM", _network_load_balancer(*metrics.network_load_balancer) if metrics.network_load_balancer else {}),
        ("Database", _database(metrics.database, metrics.writer, metrics.readers)),
        ("VPN", _vpn(metrics.tunnels, metrics.client_vpn)),
        ("Logs to Splunk", _splunk(metrics.streams)),
    ):
        if graphs:
            yield title, [_graph(name, series, region) for name, series in graphs.items()]
    charges = ["AWS/Billing", "EstimatedCharges", "Currency", "USD", {"stat": "Maximum", "period": 21_600}]
    pointer = (
        f"Estimated charges of the whole account since the first of the month. What the study may cost is the budget "
        f"**{metrics.budget}**, in *Billing and Cost Management → Budgets*; its alarms report when it is used up."
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


def _edge(load_balancer: Any, target: Any) -> dict[str, list[Series]]:
    where, at = ["LoadBalancer", load_balancer], ["TargetGroup", target, "LoadBalancer", load_balancer]
    space, total = "AWS/ApplicationELB", {"stat": "Sum"}
    errors = [f"HTTPCode_{source}_{kind}_Count" for source in ("ELB", "Target") for kind in ("4XX", "5XX")]
    return {
        "requests": [[space, "RequestCount", *where, total]],
        "errors, by the load balancer and by nginx": [[space, name, *where, total] for name in errors],
        "seconds to answer": [[space, "TargetResponseTime", *where, {"stat": stat}] for stat in ("p50", "p99")],
        "hosts, refused connections": [
            [space, "HealthyHostCount", *at, {"stat": "Minimum"}],
            [space, "UnHealthyHostCount", *at, {"stat": "Maximum"}],
            [space, "RejectedConnectionCount", *where, total],
        ],
    }


def _network_load_balancer(load_balancer: Any, target: Any) -> dict[str, list[Series]]:
    where, at = ["LoadBalancer", load_balancer], ["TargetGroup", target, "LoadBalancer", load_balancer]
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


@dataclass(frozen=True, kw_only=True)
class Page:
    """The components on the dashboard's page; one that does not exist is None."""

    tiers: Sequence[Tier]
    edge: Edge
    database: Database
    vpn: CampusVpn
    client_vpn: ClientVpn | None
    splunk: SplunkStream | None
    budget: StudyBudget

    def metrics(self, alarms: Sequence[cloudwatch.MetricAlarm]) -> Metrics:
        """What identifies their metrics in CloudWatch."""
        edge = self.edge
        writer, *readers = self.database.instance_identifiers.values()
        dicom = [(edge.nlb.arn_suffix, route.group.arn_suffix) for route in edge.dicom_routes if edge.nlb]
        return Metrics(
            alarms=[alarm.arn for alarm in alarms],
            cluster=self.tiers[0].cluster_name,
            services={tier.component: tier.service_name for tier in self.tiers},
            load_balancer=(edge.alb.arn_suffix, edge.web_group.arn_suffix),
            network_load_balancer=next(iter(dicom), None),
            database=self.database.cluster_id,
            writer=writer,
            readers=readers,
            tunnels={center: connection.id for center, connection in self.vpn.connections.items()},
            client_vpn=self.client_vpn.endpoint.id if self.client_vpn else None,
            budget=self.budget.budget_name,
            streams=self.splunk.stream_names if self.splunk else (),
        )


class Dashboard(Component):
    """Creates the dashboard `<prefix>-store`, with a row for each part of the stack.

    Guarantees: it is within CloudWatch's limits, and shows numbers only, no log line and so no patient's name.
    """

    TYPE = "imgstore:dashboard:Dashboard"

    def __init__(
        self,
        name: str,
        base: Platform,
        parts: Page,
        *,
        alarms: Sequence[cloudwatch.MetricAlarm],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        region = self.names.region
        metrics = parts.metrics(alarms)
        awaited = {metric.name: getattr(metrics, metric.name) for metric in fields(metrics)}
        self.dashboard = cloudwatch.Dashboard(
            self.child("page"),
            dashboard_name=self.names.of("cloudwatch.Dashboard", "store"),
            dashboard_body=pulumi.Output.all(**awaited).apply(lambda known: body(Metrics(**known), region)),
            opts=self.options(),
        )
        self.register_outputs({"arn": self.dashboard.dashboard_arn})
