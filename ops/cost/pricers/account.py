"""Costs that belong to no resource: traffic, requests to keys, and the free allowances of an account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ops.cost.model import ACCOUNT, Line
from ops.cost.pricers.bill import Bill
from ops.cost.pricers.logs import streamed_gb
from ops.cost.pricers.objects import IMAGES, has_copy, instances_read, older_gb
from ops.cost.usage.assumptions import ALLOWANCES, KMS_BUCKET_KEY_SHARE, KMS_REQUESTS

ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def account_lines(bill: Bill, priced: list[Line]) -> Iterator[Line]:
    """The account's lines. Each free allowance is subtracted once from the use of all resources."""
    splunk = streamed_gb(bill)
    lines = [
        _line(
            bill,
            "dto.internet.gb",
            "images to people and centers",
            bill.by_month(lambda month: _egress_gb(bill, month)),
        ),
        _line(bill, "dto.internet.gb", "logs to Splunk", [splunk] * bill.months),
        _line(bill, "dto.xaz.gb", "traffic between zones", bill.by_month(lambda month: _cross_zone_gb(bill, month))),
        _line(
            bill, "kms.req.10k", "requests to keys", bill.by_month(lambda month: _key_requests(bill, month) / 10_000)
        ),
    ]
    yield from lines
    for price_id, (allowance, what) in ALLOWANCES.items():
        used = [line for line in (*priced, *lines) if line.price.id == price_id]
        if used:
            free = bill.by_month(
                lambda month, used=used, allowance=allowance: -min(_month_total(used, month), allowance)
            )
            yield _line(bill, price_id, f"free: {what}", free)


def _line(bill: Bill, price_id: str, what: str, quantities: Sequence[Decimal]) -> Line:
    price = bill.book[price_id]
    return Line(
        urn="",
        resource="",
        component=ACCOUNT,
        kind="usage",
        what=what,
        price=price,
        unit_price=price.value,
        quantities=tuple(quantities),
    )


def _month_total(lines: list[Line], month: int) -> Decimal:
    return sum((line.quantities[month] for line in lines), Decimal())


def _egress_gb(bill: Bill, month: int) -> Decimal:
    """GB of images sent to the internet or through a VPN, which costs the same."""
    return bill.usage.ingest_gb * bill.usage.egress_share + older_gb(bill, month) * bill.usage.reread_share


def _cross_zone_gb(bill: Bill, month: int) -> Decimal:
    """GB between nginx and Orthanc in different zones, billed in both directions."""
    services = bill.plan.of_type("aws:ecs/service:Service")
    zones = min(
        (len((service.inputs.get("networkConfiguration") or {}).get("subnets") or [None]) for service in services),
        default=1,
    )
    cross_zone_share = 1 - Decimal(1) / zones
    return (bill.usage.ingest_gb + _egress_gb(bill, month)) * cross_zone_share * 2


def _key_requests(bill: Bill, month: int) -> Decimal:
    """Requests to KMS: the account's own, and those for objects that are written, copied and read."""
    bucket = next((one for one in bill.plan.resources if one.name == IMAGES), None)
    name = bucket.inputs.get("bucket") if bucket else None
    has_bucket_key = any(
        rule.get("bucketKeyEnabled")
        for one in bill.plan.of_type(ENCRYPTION)
        if one.inputs.get("bucket") == name
        for rule in one.inputs.get("rules") or ()
    )
    objects = bill.usage.instances * (2 if has_copy(bill) else 1) + instances_read(bill, month)
    return KMS_REQUESTS + objects * (KMS_BUCKET_KEY_SHARE if has_bucket_key else 1)
