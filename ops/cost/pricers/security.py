"""Pricers of keys, secrets, the web ACL, the trail, GuardDuty and AWS Config."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.bill import Bill, Free, Pricer, PricerResult
from ops.cost.pricers.objects import data_events
from ops.cost.usage.assumptions import CONFIG_ITEMS, FLOW_AND_DNS_GB, MANAGEMENT_EVENTS, SECRET_READS
from ops.plan.resources import PlannedResource

BILLED_ROTATIONS = 2


def key(bill: Bill, resource: PlannedResource) -> PricerResult:
    """A key; each of its first two yearly rotations adds the same price again."""
    rotates = bool(resource.inputs.get("enableKeyRotation"))
    versions = bill.by_month(lambda month: Decimal(1 + min(month // 12, BILLED_ROTATIONS) * rotates))
    return [bill.line(resource, "kms.key_mo", "key", versions)]


def secret(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """A secret, and its share of the reads by starting tasks."""
    yield bill.line(resource, "secrets.secret_mo", "secret", 1)
    count = len(bill.plan.of_type(resource.type))
    yield bill.line(resource, "secrets.api.10k", "reads", SECRET_READS / 10_000 / count, kind="usage")


def web_acl(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """The ACL, its rules (a managed group counts as one) and requests."""
    rules = resource.inputs.get("rules") or ()
    yield bill.line(resource, "waf.acl_mo", "web ACL", 1)
    yield bill.line(resource, "waf.rule_mo", f"{len(rules)} rules", len(rules))
    yield bill.line(resource, "waf.req.million", "requests", bill.usage.web_requests_million, kind="usage")


def trail(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Data events of the trail's buckets; the first copy of management events is free."""
    selectors = resource.inputs.get("advancedEventSelectors")
    if not selectors:
        raise CostError(f"{resource.name}: its events are unknown, because it has no advancedEventSelectors")
    fields = [field for selector in selectors for field in selector.get("fieldSelectors", ())]
    if not any("Data" in (field.get("equals") or ()) for field in fields):
        return Free("the first copy of management events is free")
    events = data_events(bill)
    return [bill.line(resource, "cloudtrail.data.100k", "data events", events / 100_000, kind="usage")]


def detector(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Management events, flow logs and DNS queries."""
    events = MANAGEMENT_EVENTS / 1_000_000
    yield bill.line(resource, "guardduty.cloudtrail.million", "management events", events, kind="usage")
    read = bill.usage.flow_log_gb + FLOW_AND_DNS_GB
    yield bill.line(resource, "guardduty.flow_dns.gb", "flow logs and DNS queries", read, kind="usage")


def detector_feature(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Events of an additional source of the detector."""
    if resource.inputs.get("status") != "ENABLED":
        return Free("it is disabled")
    if resource.inputs.get("name") != "S3_DATA_EVENTS":
        raise CostError(f"{resource.name}: there is no price for GuardDuty's {resource.inputs.get('name')}")
    events = data_events(bill) / 1_000_000
    return [bill.line(resource, "guardduty.s3.million", "data events of S3", events, kind="usage")]


def recorder(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Configuration items that AWS Config records."""
    yield bill.line(resource, "config.ci", "recorded items", CONFIG_ITEMS, kind="usage")


PRICERS: dict[str, Pricer] = {
    "aws:kms/key:Key": key,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:wafv2/webAcl:WebAcl": web_acl,
    "aws:cloudtrail/trail:Trail": trail,
    "aws:guardduty/detector:Detector": detector,
    "aws:guardduty/detectorFeature:DetectorFeature": detector_feature,
    "aws:cfg/recorder:Recorder": recorder,
}
