"""What no resource carries: traffic, requests to keys, and what AWS gives every account each month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ops.cost.assumptions import ALLOWANCES, KMS_BUCKET_KEY_SHARE, KMS_REQUESTS
from ops.cost.bill import Bill
from ops.cost.model import ACCOUNT, Line
from ops.cost.pricers.logs import streamed
from ops.cost.pricers.objects import IMAGES, copied, older, reads

ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def account_lines(bill: Bill, priced: list[Line]) -> Iterator[Line]:
    """Lines of the account, beside those of resources: what is free is taken off what all of them use."""
    splunk = streamed(bill)
    lines = [
        _line(bill, "dto.internet.gb", "images to people and centers", bill.ages(lambda month: _left(bill, month))),
        _line(bill, "dto.internet.gb", "logs to Splunk", [splunk] * bill.months),
        _line(bill, "dto.xaz.gb", "traffic between zones", bill.ages(lambda month: _crossed(bill, month))),
        _line(bill, "kms.req.10k", "requests to keys", bill.ages(lambda month: _key_requests(bill, month) / 10_000)),
    ]
    yield from lines
    for price_id, (most, what) in ALLOWANCES.items():
        used = [line for line in (*priced, *lines) if line.price.id == price_id]
        if used:
            given = bill.ages(lambda month, used=used, most=most: -min(_sum(used, month), most))
            yield _line(bill, price_id, f"free: {what}", given)


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


def _sum(lines: list[Line], month: int) -> Decimal:
    return sum((line.quantities[month] for line in lines), Decimal())


def _left(bill: Bill, month: int) -> Decimal:
    """GB of images that leave: to the internet or through a VPN, which costs the same."""
    return bill.usage.ingest_gb * bill.usage.egress_share + older(bill, month) * bill.usage.reread_share


def _crossed(bill: Bill, month: int) -> Decimal:
    """GB between nginx and Orthanc in different zones, billed on both sides."""
    services = bill.plan.of_type("aws:ecs/service:Service")
    zones = min(
        (len((service.inputs.get("networkConfiguration") or {}).get("subnets") or [None]) for service in services),
        default=1,
    )
    apart = 1 - Decimal(1) / zones
    return (bill.usage.ingest_gb + _left(bill, month)) * apart * 2


def _key_requests(bill: Bill, month: int) -> Decimal:
    """Requests to keys: of the account, and of objects that are written, copied and read."""
    bucket = next((one for one in bill.plan.resources if one.name == IMAGES), None)
    name = bucket.inputs.get("bucket") if bucket else None
    saved = any(
        rule.get("bucketKeyEnabled")
        for one in bill.plan.of_type(ENCRYPTION)
        if one.inputs.get("bucket") == name
        for rule in one.inputs.get("rules") or ()
    )
    objects = bill.usage.instances * (2 if copied(bill) else 1) + reads(bill, month)
    return KMS_REQUESTS + objects * (KMS_BUCKET_KEY_SHARE if saved else 1)
