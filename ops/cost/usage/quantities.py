"""Usage in exact numbers: read from the settings, checked, scaled, and varied for a low and a high case."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal

from ops.cost.errors import CostError
from settings import Usage as Declared

VOLUMES = (
    "ingest_gb",
    "application_log_gb",
    "flow_log_gb",
    "web_requests_million",
    "database_io_million",
    "index_gb",
)
"""The quantities that grow with the study; sizes, shares and people do not."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The group `usage` of the settings as Decimal. Raises CostError for a value that is negative or not finite."""

    ingest_gb: Decimal
    instance_mb: Decimal
    egress_share: Decimal
    reread_share: Decimal
    application_log_gb: Decimal
    flow_log_gb: Decimal
    web_requests_million: Decimal
    people: Decimal
    vpn_hours: Decimal
    index_gb: Decimal
    database_io_million: Decimal
    acu_per_load: Decimal
    container_image_gb: Decimal

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value.is_finite() or value < 0:
                raise CostError(f"usage.{field.name} = {value}: it must be 0 or more")
        if not self.instance_mb:
            raise CostError("usage.instance_mb = 0: it must be above 0")

    @classmethod
    def of(cls, declared: Declared) -> Usage:
        """The usage that the settings declare."""
        return cls(**{name: Decimal(str(value)) for name, value in declared.model_dump().items()})

    def scale_volumes(self, factor: Decimal | int) -> Usage:
        """The usage with `factor` times the volumes: images, logs, requests, the index and its I/O."""
        return replace(self, **{name: getattr(self, name) * factor for name in VOLUMES})

    @property
    def instances(self) -> Decimal:
        """DICOM instances that arrive in a month."""
        return self.ingest_gb * 1000 / self.instance_mb

    @property
    def instances_read(self) -> Decimal:
        """Instances that arrive in a month and are read in the same month."""
        return self.instances * self.egress_share


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case of the band: the factors, and why they are plausible."""

    name: str
    volume: Decimal
    instance_size: Decimal
    load: Decimal
    reason: str

    def apply_to(self, usage: Usage) -> Usage:
        """The usage in this case."""
        return replace(usage.scale_volumes(self.volume), instance_mb=usage.instance_mb * self.instance_size)


LIKELY = Case(name="likely", volume=Decimal(1), instance_size=Decimal(1), load=Decimal(1), reason="as in the settings")
BAND = (
    Case(
        name="low",
        volume=Decimal("0.5"),
        instance_size=Decimal(2),
        load=Decimal("0.5"),
        reason="centers recruit half as fast, instances of 2 times the size; the scheduled tasks run all the same",
    ),
    LIKELY,
    Case(
        name="high",
        volume=Decimal(2),
        instance_size=Decimal("0.5"),
        load=Decimal("1.5"),
        reason="twice the images, logs and requests, instances of half the size, tasks and ACU of 1.5 times the load",
    ),
)
