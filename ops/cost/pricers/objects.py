"""Pricers of buckets: images by age, their copy in a second Region, and logs and records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.bill import Bill, Free, Pricer, PricerResult
from ops.cost.usage.aging import MIN_BILLED_MB, Transition, entering_months, stored_months, transitions
from ops.cost.usage.assumptions import (
    ACCESS_LOG_FILES,
    ACCESS_LOG_KB,
    CLOUDTRAIL_EVENT_KB,
    CLOUDTRAIL_FILE_SHARE,
    CONFIG_GB,
    MANAGEMENT_EVENTS,
    REPLICATION_METRICS,
    TRAIL_FILES,
)
from ops.plan.resources import PlannedResource

STORAGE = {"STANDARD": "s3.standard.gb_mo", "STANDARD_IA": "s3.std_ia.gb_mo", "GLACIER_IR": "s3.gir.gb_mo"}
TRANSITION = {"STANDARD_IA": "s3.transition.ia_int.k", "GLACIER_IR": "s3.transition.gir.k"}
RETRIEVAL = {"STANDARD_IA": "s3.std_ia.retrieval.gb", "GLACIER_IR": "s3.gir.retrieval.gb"}
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
IMAGES = "storage-images-bucket"


def older_gb(bill: Bill, month: int) -> Decimal:
    """Mean GB during a month that arrived in earlier months."""
    return bill.usage.ingest_gb * month


def instances_read(bill: Bill, month: int) -> Decimal:
    """Instances read in a month: new ones, and older ones again."""
    rereads = older_gb(bill, month) * bill.usage.reread_share * 1000 / bill.usage.instance_mb
    return bill.usage.instances_read + rereads


def has_copy(bill: Bill) -> bool:
    """Whether images are replicated to a second Region."""
    return bool(bill.plan.of_type(REPLICATION))


def copy_transfer_price(bill: Bill) -> str:
    """Id of the price of a GB transferred to the second Region; Ohio costs less than the others."""
    return "s3.crr_ohio.gb" if str(bill.settings.backup.copy_region) == "us-east-2" else "s3.crr.gb"


def data_events(bill: Bill) -> Decimal:
    """Mean number of object events in a month: every image is written, copied and read."""
    mean_reads = sum((instances_read(bill, month) for month in range(bill.months)), Decimal()) / bill.months
    return bill.usage.instances * (2 if has_copy(bill) else 1) + mean_reads


def bucket(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Lines by the contents of a bucket, which its name determines. Raises CostError for an unknown name."""
    if resource.name not in CONTENTS:
        raise CostError(
            f"{resource.type} {resource.name}: its contents are unknown; add it to CONTENTS in "
            "ops/cost/pricers/objects.py"
        )
    return CONTENTS[resource.name](bill, resource)


def _images(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Images: storage by age, writes, reads, and the listing before each read by Orthanc's plugin."""
    yield from _stored_by_age(bill, resource)
    written = bill.usage.instances / 1000
    yield bill.line(resource, "s3.put.k", "instances written", written, kind="usage")
    listings = bill.by_month(lambda month: instances_read(bill, month) / 1000)
    yield bill.line(resource, "s3.put.k", "a listing for each read", listings, kind="usage")
    new_reads = bill.by_month(lambda _: bill.usage.instances_read / 1000)
    yield bill.line(resource, "s3.get.k", "reads of new images", new_reads, kind="usage")
    yield from _rereads(bill, resource)


def _transitions(bill: Bill, resource: PlannedResource) -> list[Transition]:
    rules = [
        rule
        for lifecycle in bill.plan.of_type(LIFECYCLE)
        if lifecycle.inputs.get("bucket") == resource.inputs.get("bucket")
        for rule in lifecycle.inputs.get("rules") or ()
    ]
    return transitions(rules, bill.usage.instance_mb)


def _stored_by_age(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    steps = _transitions(bill, resource)
    padding = max(MIN_BILLED_MB / bill.usage.instance_mb, Decimal(1))
    for name in ["STANDARD", *(step.storage_class for step in steps)]:
        if name not in STORAGE:
            raise CostError(f"{resource.name}: there is no price for the storage class {name}")
        billed = bill.usage.ingest_gb * (1 if name == "STANDARD" else padding)

        def stored_gb(month: int, name: str = name, billed: Decimal = billed) -> Decimal:
            return stored_months(steps, month)[name] * billed

        yield bill.line(resource, STORAGE[name], f"images in {name}", bill.by_month(stored_gb), kind="usage")
    for step in steps:
        objects = bill.by_month(lambda month, step=step: entering_months(step, month) * bill.usage.instances / 1000)
        yield bill.line(
            resource, TRANSITION[step.storage_class], f"transitions to {step.storage_class}", objects, kind="usage"
        )


def _rereads(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Reads of older images: requests, and retrieval by the GB from the colder storage classes."""
    steps = _transitions(bill, resource)

    def share(month: int, name: str) -> Decimal:
        return stored_months(steps, month)[name] / (month + Decimal("0.5"))

    def reread_gb(month: int, name: str) -> Decimal:
        return older_gb(bill, month) * bill.usage.reread_share * share(month, name)

    for name in ["STANDARD", *(step.storage_class for step in steps)]:
        if name in RETRIEVAL:
            gigabytes = bill.by_month(lambda month, name=name: reread_gb(month, name))
            yield bill.line(resource, RETRIEVAL[name], f"read again from {name}", gigabytes, kind="usage")
        price = "s3.gir.get.k" if name == "GLACIER_IR" else "s3.get.k"
        requests = bill.by_month(lambda month, name=name: reread_gb(month, name) / bill.usage.instance_mb)
        yield bill.line(resource, price, f"requests to {name}", requests, kind="usage")


def _copy(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """The copy in the second Region at the prices of the first, which also apply in Oregon and Ohio."""
    yield from _stored_by_age(bill, resource)
    yield bill.line(resource, "s3.put.k", "instances copied", bill.usage.instances / 1000, kind="usage")


def _records(gigabytes: Callable[[Bill], Decimal], files: Decimal) -> Callable[[Bill, PlannedResource], Iterator[Line]]:
    """A pricer of files that are written every month and kept longer than the study."""

    def record_lines(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
        stored = bill.by_month(lambda month: gigabytes(bill) * (month + Decimal("0.5")))
        yield bill.line(resource, "s3.standard.gb_mo", "records", stored, kind="usage")
        yield bill.line(resource, "s3.put.k", "files written", files / 1000, kind="usage")

    return record_lines


def _access_logs(bill: Bill) -> Decimal:
    requests = data_events(bill) + bill.usage.web_requests_million * 1_000_000
    return requests * ACCESS_LOG_KB / 1_000_000


def _trail_files(bill: Bill) -> Decimal:
    events = data_events(bill) + MANAGEMENT_EVENTS
    return events * CLOUDTRAIL_EVENT_KB / 1_000_000 * CLOUDTRAIL_FILE_SHARE


def _empty_bucket(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """A bucket that is empty while the study runs: a line with quantity 0."""
    yield bill.line(resource, "s3.standard.gb_mo", "empty while the study runs", 0, kind="usage")


CONTENTS: Mapping[str, Callable[[Bill, PlannedResource], Iterator[Line]]] = {
    IMAGES: _images,
    "replication-images-bucket": _copy,
    "storage-access-logs-bucket": _records(_access_logs, ACCESS_LOG_FILES),
    "replication-access-logs-bucket": _records(
        lambda bill: bill.usage.instances * ACCESS_LOG_KB / 1_000_000, ACCESS_LOG_FILES / 2
    ),
    "audit-records-bucket": _records(_trail_files, TRAIL_FILES),
    "baseline-history-bucket": _records(lambda _: CONFIG_GB, Decimal(1000)),
    "storage-archive-bucket": _empty_bucket,
    "splunk-failed-bucket": _empty_bucket,
}
"""The lines of a bucket's contents, by name."""


def replication(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Transfer of images to the second Region, and the metrics of replication."""
    yield bill.line(resource, copy_transfer_price(bill), "transfer of images", bill.usage.ingest_gb, kind="usage")
    rules = resource.inputs.get("rules") or ()
    metered_rules = sum(1 for rule in rules if (rule["destination"].get("metrics") or {}).get("status") == "Enabled")
    yield bill.line(resource, "cw.metric_mo", "metrics of replication", REPLICATION_METRICS * metered_rules)


def notification(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Events of objects that S3 sends to EventBridge, which bills them."""
    if not resource.inputs.get("eventbridge"):
        return Free("it sends no events")
    written = {
        "storage-images-events": bill.usage.instances,
        "replication-images-events": bill.usage.instances,
        "storage-access-logs-events": ACCESS_LOG_FILES,
        "replication-access-logs-events": ACCESS_LOG_FILES / 2,
        "audit-records-events": TRAIL_FILES,
    }
    events = written.get(resource.name, Decimal()) / 1_000_000
    return [bill.line(resource, "eventbridge.opt_in.million", "events of objects", events, kind="usage")]


PRICERS: dict[str, Pricer] = {
    "aws:s3/bucket:Bucket": bucket,
    REPLICATION: replication,
    "aws:s3/bucketNotification:BucketNotification": notification,
}
