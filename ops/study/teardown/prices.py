"""Yearly cost of what a destroyed stack leaves: list prices of us-east-1 in USD, November 2026."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

MONTHS = 12
GB = Decimal(2**30)

KEY_MONTH = Decimal("1.00")
"""https://aws.amazon.com/kms/pricing/"""

DATABASE_GB_MONTH = Decimal("0.021")
"""Snapshots of Aurora: https://aws.amazon.com/rds/aurora/pricing/"""

STORAGE_GB_MONTH: Mapping[str, Decimal] = {
    "STANDARD": Decimal("0.023"),
    "STANDARD_IA": Decimal("0.0125"),
    "GLACIER_IR": Decimal("0.004"),
    "GLACIER": Decimal("0.0036"),
    "DEEP_ARCHIVE": Decimal("0.00099"),
}
"""https://aws.amazon.com/s3/pricing/"""

ARCHIVED_OVERHEAD = {"GLACIER": (8, 32), "DEEP_ARCHIVE": (8, 32)}
"""KiB that S3 adds to each object, at the price of STANDARD and at the class's own.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
"""


def yearly_key_cost() -> Decimal:
    """Cost of one KMS key."""
    return KEY_MONTH * MONTHS


def yearly_snapshot_cost(gib: int) -> Decimal:
    """Cost of a cluster snapshot of `gib` GiB."""
    return DATABASE_GB_MONTH * gib * MONTHS


def yearly_object_cost(stored: Mapping[str, tuple[int, int]]) -> Decimal:
    """Cost of objects, given by storage class as their number and bytes."""
    total = Decimal(0)
    for storage_class, (number, size) in stored.items():
        price = STORAGE_GB_MONTH.get(storage_class, STORAGE_GB_MONTH["STANDARD"])
        total += price * size / GB
        standard, own = ARCHIVED_OVERHEAD.get(storage_class, (0, 0))
        total += number * (STORAGE_GB_MONTH["STANDARD"] * standard + price * own) * 1024 / GB
    return total * MONTHS
