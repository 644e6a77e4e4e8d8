"""Buckets: the images by age, their copy in a second Region, and the records kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from ops.cost.aging import SMALLEST_BILLED_MB, entered, moves, stored
from ops.cost.assumptions import (
    ACCESS_LOG_FILES,
    ACCESS_LOG_KB,
    CLOUDTRAIL_EVENT_KB,
    CLOUDTRAIL_FILE_SHARE,
    CONFIG_GB,
    MANAGEMENT_EVENTS,
    REPLICATION_METRICS,
    TRAIL_FILES,
)
from ops.cost.bill import Bill, Free, Priced, Pricer
from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.plan.resources import PlannedResource

STORAGE = {"STANDARD": "s3.standard.gb_mo", "STANDARD_IA": "s3.std_ia.gb_mo", "GLACIER_IR": "s3.gir.gb_mo"}
TRANSITION = {"STANDARD_IA": "s3.transition.ia_int.k", "GLACIER_IR": "s3.transition.gir.k"}
RETRIEVAL = {"STANDARD_IA": "s3.std_ia.retrieval.gb", "GLACIER_IR": "s3.gir.retrieval.gb"}
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
IMAGES = "storage-images-bucket"


def older(bill: Bill, month: int) -> Decimal:
    """GB on the mean of a month that arrived before it."""
    return bill.usage.ingest_gb * month


def reads(bill: Bill, month: int) -> Decimal:
    """Instances read in a month: of the new ones, and again of the older."""
    again = older(bill, month) * bill.usage.reread_share * 1000 / bill.usage.instance_mb
    return bill.usage.reads + again


def copied(bill: Bill) -> bool:
    """Whether a second Region holds a copy."""
    return bool(bill.plan.of_type(REPLICATION))


def to_copies(bill: Bill) -> str:
    """Price of a GB on its way to the second Region: Ohio is half as far as the others."""
    return "s3.crr_ohio.gb" if str(bill.settings.backup.copy_region) == "us-east-2" else "s3.crr.gb"


def data_events(bill: Bill) -> Decimal:
    """Events of objects in a month, on the mean: each image is written, and copied, and read."""
    mean_reads = sum((reads(bill, month) for month in range(bill.months)), Decimal()) / bill.months
    return bill.usage.instances * (2 if copied(bill) else 1) + mean_reads


def bucket(bill: Bill, resource: PlannedResource) -> Priced:
    """What a bucket holds is known by its name; CostError for one that nobody has thought of."""
    if resource.name not in CONTENTS:
        raise CostError(
            f"{resource.type} {resource.name}: what it will hold is unknown; add it to CONTENTS in "
            "ops/cost/pricers/objects.py"
        )
    return CONTENTS[resource.name](bill, resource)


def _images(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """The images: stored by age, written, read, and listed once for each read, as Orthanc's plugin does."""
    yield from _aged(bill, resource)
    written = bill.usage.instances / 1000
    yield bill.line(resource, "s3.put.k", "instances written", written, kind="usage")
    read = bill.ages(lambda month: reads(bill, month) / 1000)
    yield bill.line(resource, "s3.put.k", "a listing for each read", read, kind="usage")
    fresh = bill.ages(lambda _: bill.usage.reads / 1000)
    yield bill.line(resource, "s3.get.k", "reads of new images", fresh, kind="usage")
    yield from _read_again(bill, resource)


def _steps(bill: Bill, resource: PlannedResource) -> list:
    rules = [
        rule
        for lifecycle in bill.plan.of_type(LIFECYCLE)
        if lifecycle.inputs.get("bucket") == resource.inputs.get("bucket")
        for rule in lifecycle.inputs.get("rules") or ()
    ]
    return moves(rules, bill.usage.instance_mb)


def _aged(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    steps = _steps(bill, resource)
    padding = max(SMALLEST_BILLED_MB / bill.usage.instance_mb, Decimal(1))
    for name in ["STANDARD", *(step.storage_class for step in steps)]:
        if name not in STORAGE:
            raise CostError(f"{resource.name}: there is no price for the storage class {name}")
        billed = bill.usage.ingest_gb * (1 if name == "STANDARD" else padding)

        def held(month: int, name: str = name, billed: Decimal = billed) -> Decimal:
            return stored(steps, month)[name] * billed

        yield bill.line(resource, STORAGE[name], f"images in {name}", bill.ages(held), kind="usage")
    for step in steps:
        objects = bill.ages(lambda month, step=step: entered(step, month) * bill.usage.instances / 1000)
        yield bill.line(
            resource, TRANSITION[step.storage_class], f"moves to {step.storage_class}", objects, kind="usage"
        )


def _read_again(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Reads of older images; those in colder classes pay for each GB, and GLACIER_IR for each request too."""
    steps = _steps(bill, resource)

    def share(month: int, name: str) -> Decimal:
        return stored(steps, month)[name] / (month + Decimal("0.5"))

    def again(month: int, name: str) -> Decimal:
        return older(bill, month) * bill.usage.reread_share * share(month, name)

    for name in ["STANDARD", *(step.storage_class for step in steps)]:
        if name in RETRIEVAL:
            gigabytes = bill.ages(lambda month, name=name: again(month, name))
            yield bill.line(resource, RETRIEVAL[name], f"read again from {name}", gigabytes, kind="usage")
        price = "s3.gir.get.k" if name == "GLACIER_IR" else "s3.get.k"
        requests = bill.ages(lambda month, name=name: again(month, name) / bill.usage.instance_mb)
        yield bill.line(resource, price, f"requests to {name}", requests, kind="usage")


def _copy(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """The copy in the second Region, at the prices of the first: they are the same in Oregon and Ohio."""
    yield from _aged(bill, resource)
    yield bill.line(resource, "s3.put.k", "instances copied", bill.usage.instances / 1000, kind="usage")


def _records(gigabytes: Callable[[Bill], Decimal], files: Decimal) -> Callable[[Bill, PlannedResource], Iterator[Line]]:
    """Files that add up, a month's at a time, and are kept for longer than a study."""

    def priced(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
        kept = bill.ages(lambda month: gigabytes(bill) * (month + Decimal("0.5")))
        yield bill.line(resource, "s3.standard.gb_mo", "records", kept, kind="usage")
        yield bill.line(resource, "s3.put.k", "files written", files / 1000, kind="usage")

    return priced


def _access_logs(bill: Bill) -> Decimal:
    requests = data_events(bill) + bill.usage.web_requests_million * 1_000_000
    return requests * ACCESS_LOG_KB / 1_000_000


def _trail_files(bill: Bill) -> Decimal:
    events = data_events(bill) + MANAGEMENT_EVENTS
    return events * CLOUDTRAIL_EVENT_KB / 1_000_000 * CLOUDTRAIL_FILE_SHARE


def _nothing(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """A bucket that is empty while the study runs: its price stands there, its quantity is 0."""
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
    "storage-archive-bucket": _nothing,
    "splunk-failed-bucket": _nothing,
}
"""By the name of a bucket: what will be in it."""


def replication(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Images on their way to the second Region, and the metrics of their copying."""
    yield bill.line(resource, to_copies(bill), "images on their way", bill.usage.ingest_gb, kind="usage")
    rules = resource.inputs.get("rules") or ()
    watched = sum(1 for rule in rules if (rule["destination"].get("metrics") or {}).get("status") == "Enabled")
    yield bill.line(resource, "cw.metric_mo", "metrics of replication", REPLICATION_METRICS * watched)


def notification(bill: Bill, resource: PlannedResource) -> Priced:
    """Events of every object to EventBridge, which bills those of S3."""
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
