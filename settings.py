"""Typed settings of one stack: what may differ between environments, and every rule that joins two settings.

`Settings.load()` reads the `image-store` namespace of the stack's configuration (`Pulumi.<stack>.yaml`
over the defaults of `Pulumi.yaml`) and checks all of it before the first resource is declared.
Secure values are the defaults; whatever is weaker has to be written down in a stack file.
"""

from __future__ import annotations

from datetime import date, time
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Account(Model):
    """The AWS account the stack may touch; the provider refuses any other."""

    id: str
    region: str


class Study(Model):
    """The study the store exists for. `data` decides which safeguards are mandatory."""

    id: str
    start: date
    end: date
    data: Literal["synthetic", "phi"]
    cost_center: str
    contact: str


class Network(Model):
    """Address space. Every subnet is a sixteenth of `cidr`."""

    cidr: IPv4Network
    availability_zones: int = 2
    endpoint_zones: int | None = None  # None: an endpoint interface in every zone


class Exposure(Model):
    """`public`: internet-facing balancer, open to `allow` alone. `vpn`: internal balancer, no public listener."""

    kind: Literal["public", "vpn"] = "vpn"
    allow: tuple[IPv4Network, ...] = ()


class Dns(Model):
    """Name of the store and the public hosted zone that holds it (made outside this program)."""

    name: str
    zone_id: str


class CenterGateway(Model):
    """The center's VPN device."""

    address: IPv4Address
    asn: int


class Center(Model):
    """An imaging center that stores or reads studies."""

    name: str
    networks: tuple[IPv4Network, ...] = ()
    gateway: CenterGateway | None = None
    ae_titles: tuple[str, ...] = ()  # calling AE titles that may C-STORE


class TierSettings(Model):
    """Size of one task and the range of the service. CPU in units (1024 = 1 vCPU), memory in MiB."""

    cpu: int
    memory: int
    min: int
    max: int
    tasks_per_load: int = 1  # tasks that carry load 1 of the schedule
    architecture: Literal["ARM64", "X86_64"] = "ARM64"
    spot_share: float = 0.0  # share of tasks on FARGATE_SPOT, 0 to 1


class Window(Model):
    """Weekly window, local time of the schedule; `end` 00:00 means midnight at the end of the day."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    start: time
    end: time


class Period(Model):
    """One load level and the windows in which it holds. Load 0 switches the tiers off."""

    name: str
    load: float
    windows: tuple[Window, ...]


class Schedule(Model):
    """The study's week. The windows of all periods cover its 168 hours exactly once."""

    time_zone: str
    periods: tuple[Period, ...]


class DatabaseSettings(Model):
    """Aurora PostgreSQL Serverless v2. Capacity in ACU (about 2 GiB each)."""

    min_acu: float
    max_acu: float
    readers: int = 1
    backup_days: int = 35
    auto_pause_seconds: int | None = None  # needs min_acu 0
    connections_per_task: int = 20
    engine_version: str = "17.7"


class Storage(Model):
    """Lifecycle of the images in days since creation; None leaves a class out. Every class reads at once."""

    standard_ia_days: int | None = None
    glacier_ir_days: int | None = 30
    minimum_size_bytes: int = 262_144
    noncurrent_days: int = 90
    archive_lock_days: int = 3653


class SplunkSettings(Model):
    """Splunk HTTP Event Collector, a public https endpoint with indexer acknowledgement."""

    hec_endpoint: str
    index: str
    token_secrets: dict[str, str]  # Splunk source type -> name of the secret that holds its token


class Logging(Model):
    """Retention in days, as CloudWatch Logs offers it."""

    retention_days: int = 400
    audit_retention_days: int = 2192
    splunk: SplunkSettings | None = None


class ImageSettings(Model):
    """Digest (`sha256:…`) of an image that is in the repository already; None builds it from images/."""

    nginx: str | None = None
    orthanc: str | None = None


class Settings(Model):
    """Everything a stack may decide."""

    environment: str
    account: Account
    study: Study
    phase: Literal["active", "closing", "archived"] = "active"
    network: Network
    exposure: Exposure = Exposure()
    dns: Dns
    centers: tuple[Center, ...] = ()
    web: TierSettings
    app: TierSettings
    schedule: Schedule
    database: DatabaseSettings
    storage: Storage = Storage()
    logging: Logging = Logging()
    waf: bool = True
    images: ImageSettings = ImageSettings()
    aet: str = Field(default="MASTERBUILDER")
