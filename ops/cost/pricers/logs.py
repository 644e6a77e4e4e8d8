"""Logs, metrics, alarms, and the streams to Splunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from ops.cost.assumptions import (
    CLOUDTRAIL_EVENT_KB,
    IDLE_LOG_GB,
    LOG_COMPRESSION,
    LOG_SHARES,
    MANAGEMENT_EVENTS,
    VPN_LOG_GB,
    WAF_LOG_KB,
)
from ops.cost.bill import Bill, Pricer, required
from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.objects import data_events
from ops.plan.resources import PlannedResource

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
FINEST_SECONDS = 60
"""Alarms on a shorter period are sold at another price."""


def _application(name: str) -> Callable[[Bill], Decimal]:
    return lambda bill: bill.usage.application_log_gb * LOG_SHARES[name]


VOLUMES: dict[str, Callable[[Bill], Decimal]] = {
    "app-logs": _application("app-logs"),
    "web-logs": _application("web-logs"),
    "database-logs": _application("database-logs"),
    "network-flow-logs": lambda bill: bill.usage.flow_log_gb,
    "waf-logs": lambda bill: bill.usage.web_requests_million * WAF_LOG_KB,
    "audit-logs": lambda bill: (data_events(bill) + MANAGEMENT_EVENTS) * CLOUDTRAIL_EVENT_KB / 1_000_000,
    "client-vpn-logs": lambda _: VPN_LOG_GB,
    "rotation-logs": lambda _: IDLE_LOG_GB,
    "cluster-exec-logs": lambda _: IDLE_LOG_GB,
    "baseline-findings": lambda _: IDLE_LOG_GB,
    "splunk-errors": lambda _: IDLE_LOG_GB,
}
"""GB a month by the name of a log group."""


def volume(bill: Bill, group: PlannedResource) -> Decimal:
    """GB that a log group takes in a month; CostError for one that nobody has thought of."""
    if group.name in VOLUMES:
        return VOLUMES[group.name](bill)
    if group.name.startswith("vpn-"):
        return VPN_LOG_GB
    raise CostError(
        f"{group.type} {group.name}: how much it will hold is unknown; add it to VOLUMES in ops/cost/pricers/logs.py"
    )


def log_group(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Logs taken in, and kept compressed until the retention ends."""
    taken = volume(bill, resource)
    yield bill.line(resource, "cwl.ingest.gb", "logs", taken, kind="usage")
    kept = Decimal(str(required(resource, "retentionInDays"))) * 12 / 365
    stored = bill.ages(lambda month: taken * LOG_COMPRESSION * min(month + Decimal("0.5"), kept))
    yield bill.line(resource, "cwl.storage.gb_mo", "logs kept, compressed", stored, kind="usage")


def metric_filter(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """A metric of its own."""
    yield bill.line(resource, "cw.metric_mo", "metric of a log filter", 1)


def alarm(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """An alarm is billed by each metric it reads."""
    queries = [query for query in resource.inputs.get("metricQueries") or () if query.get("metric")]
    periods = [resource.inputs.get("period"), *(query["metric"].get("period") for query in queries)]
    if any(period is not None and period < FINEST_SECONDS for period in periods):
        raise CostError(f"{resource.name}: there is no price for alarms on periods below {FINEST_SECONDS} seconds")
    yield bill.line(resource, "cw.alarm_mo", "alarm", max(len(queries), 1))


def dashboard(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """A page."""
    yield bill.line(resource, "cw.dashboard_mo", "dashboard", 1)


def streamed(bill: Bill, stream: PlannedResource | None = None) -> Decimal:
    """GB a month that leave for Splunk, through one stream or all."""
    groups = {group.inputs.get("name"): group for group in bill.plan.of_type(LOG_GROUP)}
    total = Decimal()
    for source, targets in bill.subscriptions:
        if stream is None or stream.urn in targets:
            total += volume(bill, groups.get(source) or bill.referred(source))
    return total


def firehose(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """What its log groups send through it, unpacked on the way."""
    sent = streamed(bill, resource)
    yield bill.line(resource, "firehose.gb", "logs on their way to Splunk", sent, kind="usage")
    yield bill.line(resource, "firehose.decompress.gb", "logs unpacked", sent, kind="usage")


PRICERS: dict[str, Pricer] = {
    LOG_GROUP: log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": metric_filter,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": firehose,
}
