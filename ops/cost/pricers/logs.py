"""Pricers of logs, metrics, alarms, dashboards and streams to Splunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.bill import Bill, Pricer, required_input
from ops.cost.pricers.objects import data_events
from ops.cost.usage.assumptions import (
    CLOUDTRAIL_EVENT_KB,
    IDLE_LOG_GB,
    LOG_COMPRESSION,
    LOG_SHARES,
    MANAGEMENT_EVENTS,
    VPN_LOG_GB,
    WAF_LOG_KB,
)
from ops.plan.resources import PlannedResource

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MIN_PERIOD_SECONDS = 60
"""Alarms with a shorter period have another price."""


def _application_logs(name: str) -> Callable[[Bill], Decimal]:
    return lambda bill: bill.usage.application_log_gb * LOG_SHARES[name]


VOLUMES: dict[str, Callable[[Bill], Decimal]] = {
    "app-logs": _application_logs("app-logs"),
    "web-logs": _application_logs("web-logs"),
    "database-logs": _application_logs("database-logs"),
    "network-flow-logs": lambda bill: bill.usage.flow_log_gb,
    "waf-logs": lambda bill: bill.usage.web_requests_million * WAF_LOG_KB,
    "audit-logs": lambda bill: (data_events(bill) + MANAGEMENT_EVENTS) * CLOUDTRAIL_EVENT_KB / 1_000_000,
    "client-vpn-logs": lambda _: VPN_LOG_GB,
    "rotation-logs": lambda _: IDLE_LOG_GB,
    "cluster-exec-logs": lambda _: IDLE_LOG_GB,
    "baseline-findings": lambda _: IDLE_LOG_GB,
    "splunk-errors": lambda _: IDLE_LOG_GB,
}
"""GB a month by name of a log group."""


def volume(bill: Bill, group: PlannedResource) -> Decimal:
    """GB that a log group ingests in a month. Raises CostError for an unknown one."""
    if group.name in VOLUMES:
        return VOLUMES[group.name](bill)
    if group.name.startswith("vpn-"):
        return VPN_LOG_GB
    raise CostError(f"{group.type} {group.name}: its volume is unknown; add it to VOLUMES in ops/cost/pricers/logs.py")


def log_group(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Ingestion of logs, and their compressed storage until the retention ends."""
    ingested = volume(bill, resource)
    yield bill.line(resource, "cwl.ingest.gb", "logs", ingested, kind="usage")
    retention_months = Decimal(str(required_input(resource, "retentionInDays"))) * 12 / 365
    stored = bill.by_month(lambda month: ingested * LOG_COMPRESSION * min(month + Decimal("0.5"), retention_months))
    yield bill.line(resource, "cwl.storage.gb_mo", "stored logs, compressed", stored, kind="usage")


def metric_filter(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """The metric of a log filter."""
    yield bill.line(resource, "cw.metric_mo", "metric of a log filter", 1)


def alarm(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """An alarm, billed for each metric that it reads."""
    queries = [query for query in resource.inputs.get("metricQueries") or () if query.get("metric")]
    periods = [resource.inputs.get("period"), *(query["metric"].get("period") for query in queries)]
    if any(period is not None and period < MIN_PERIOD_SECONDS for period in periods):
        raise CostError(f"{resource.name}: there is no price for alarms on periods below {MIN_PERIOD_SECONDS} seconds")
    yield bill.line(resource, "cw.alarm_mo", "alarm", max(len(queries), 1))


def dashboard(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """A dashboard."""
    yield bill.line(resource, "cw.dashboard_mo", "dashboard", 1)


def streamed_gb(bill: Bill, stream: PlannedResource | None = None) -> Decimal:
    """GB a month that go to Splunk through one stream, or through all."""
    groups = {group.inputs.get("name"): group for group in bill.plan.of_type(LOG_GROUP)}
    total = Decimal()
    for source, targets in bill.subscriptions:
        if stream is None or stream.urn in targets:
            total += volume(bill, groups.get(source) or bill.referenced_resource(source))
    return total


def firehose(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Delivery and decompression of the events of its log groups."""
    sent = streamed_gb(bill, resource)
    yield bill.line(resource, "firehose.gb", "logs delivered to Splunk", sent, kind="usage")
    yield bill.line(resource, "firehose.decompress.gb", "logs decompressed", sent, kind="usage")


PRICERS: dict[str, Pricer] = {
    LOG_GROUP: log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": metric_filter,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": firehose,
}
