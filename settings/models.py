"""The groups of settings. Frozen; an unknown key is an error at any depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from layout.schedule import Day
from settings.validators import length_between, no_number_as_truth, within
from settings.values import (
    AccountId,
    Acu,
    AeTitle,
    Asn,
    Cidr,
    Digest,
    Distinct,
    DnsName,
    DomainPrefix,
    Email,
    GroupId,
    PrincipalArn,
    ProjectFile,
    PublicAddress,
    Region,
    RetentionDays,
    SecretArn,
    Slug,
    TimeOfDay,
    TimeZone,
    TransitGatewayId,
    ZoneId,
)


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _keep_kinds_apart(cls, value: Any, info: ValidationInfo) -> Any:
        # To pydantic `true` is 1 and 0 is false; in a stack file each is a mistake.
        return no_number_as_truth(value, truth=cls.model_fields[str(info.field_name)].annotation is bool)


class Account(Model):
    """The AWS account the stack may touch; the provider refuses any other."""

    id: AccountId
    region: Region


class Study(Model):
    """The study the store exists for. `data` decides which safeguards are mandatory."""

    id: Slug
    start: date
    end: date
    data: Literal["synthetic", "phi"]
    cost_center: Slug
    contact: Email


class Network(Model):
    """Address space: every subnet is a sixteenth of `cidr`. `endpoint_zones`: zones with endpoint interfaces."""

    cidr: Cidr
    availability_zones: Annotated[int, within(1, 4, "the number of zones")] = 2
    endpoint_zones: Annotated[int, within(1, 4, "the number of zones")] | None = None
    transit_gateway_id: TransitGatewayId | None = None


class Exposure(Model):
    """`public`: internet-facing load balancer, open to `allow` only. `vpn`: internal load balancer."""

    kind: Literal["public", "vpn"] = "vpn"
    allow: Annotated[tuple[Cidr, ...], Distinct] = ()


class Dns(Model):
    """Name of the store and the public hosted zone that holds it (made outside this program)."""

    name: DnsName
    zone_id: ZoneId

    @property
    def dicom_name(self) -> str:
        """Name of the DICOM listener."""
        return f"dicom.{self.name}"


class CenterGateway(Model):
    """The center's VPN device."""

    address: PublicAddress
    asn: Asn


class Center(Model):
    """An imaging center: its networks, its VPN device, and the AE titles its senders call themselves."""

    name: Slug
    networks: Annotated[tuple[Cidr, ...], Distinct] = ()
    gateway: CenterGateway | None = None
    ae_titles: Annotated[tuple[AeTitle, ...], Distinct] = ()


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may open a connection to the store, and what people find there.

    `clients`: the allow-list of a public store, or the centers' networks behind a VPN; sessions of the client VPN are
    admitted by their security group. `sign_in`: people sign in through the directory. `viewer`: they can read studies
    in the browser.
    """

    public: bool
    clients: tuple[IPv4Network, ...]
    sign_in: bool
    viewer: bool

    @classmethod
    def of(cls, exposure: Exposure, centers: Sequence[Center], *, sign_in: bool, viewer: bool) -> Access:
        """The access that these settings give."""
        public = exposure.kind == "public"
        networks = exposure.allow if public else tuple(block for center in centers for block in center.networks)
        return cls(public=public, clients=networks, sign_in=sign_in, viewer=viewer)


class ClientVpn(Model):
    """VPN for people, signed in through IAM Identity Center; `groups` are names of `identity.groups`."""

    cidr: Cidr
    saml_metadata: ProjectFile
    groups: Annotated[tuple[str, ...], Distinct, length_between(1, 200, "groups")]
    session_hours: Literal[8, 10, 12] = 8
    banner: Annotated[str, length_between(1, 1400, "characters")]


class Identity(Model):
    """Sign-in with the university's directory through IAM Identity Center. `groups`: name to Identity Center id."""

    saml_metadata: ProjectFile
    domain_prefix: DomainPrefix
    groups: dict[Slug, GroupId]
    session_hours: Annotated[int, within(1, 12, "a browser session in hours")] = 8


class TierSettings(Model):
    """Size of one task and range of the service. CPU in units (1024 = 1 vCPU), memory in MiB.

    `tasks_per_load`: tasks that carry load 1 of the schedule. `spot_share`: share of tasks on Fargate Spot, 0 to 1.
    """

    cpu: int
    memory: int
    min: Annotated[int, within(0, 100, "the number of tasks")]
    max: Annotated[int, within(1, 100, "the number of tasks")]
    tasks_per_load: Annotated[int, within(1, 20, "tasks per load")] = 1
    architecture: Literal["ARM64", "X86_64"] = "ARM64"
    spot_share: Annotated[float, within(0, 1, "the share")] = 0.0


class Window(Model):
    """Hours of some weekdays, in the schedule's time zone. `end` 00:00 is the midnight at the end of the day."""

    days: Annotated[tuple[Day, ...], Distinct, length_between(1, 7, "weekdays")]
    start: TimeOfDay
    end: TimeOfDay


class Period(Model):
    """A load level and the windows in which it holds. Load 0 switches the tiers off."""

    name: Slug
    load: Annotated[float, within(0, 100, "the load")]
    windows: Annotated[tuple[Window, ...], length_between(1, 100, "windows")]


class Schedule(Model):
    """The study's week. The windows of all periods cover its 168 hours exactly once."""

    time_zone: TimeZone
    periods: Annotated[tuple[Period, ...], length_between(1, 20, "periods")]


class DatabaseSettings(Model):
    """Aurora PostgreSQL Serverless v2. Capacity in ACU (about 2 GiB each).

    `backup_start`, `maintenance_day`, `maintenance_start`: windows of one hour, in UTC. `engine_version` is upgraded by
    this setting alone, in the maintenance window.
    """

    min_acu: Acu
    max_acu: Acu
    readers: Annotated[int, within(0, 15, "the number of readers")] = 1
    backup_days: Annotated[int, within(1, 35, "point-in-time recovery in days")] = 35
    auto_pause_seconds: Annotated[int, within(300, 86_400, "the idle time in seconds")] | None = None
    rotation_days: Annotated[int, within(1, 90, "the days between rotations of the password")] = 30
    connections_per_task: Annotated[int, within(1, 50, "connections per task")] = 20
    engine_version: Literal["16.13", "17.7", "17.9"] = "17.7"
    backup_start: TimeOfDay = time(3)
    maintenance_day: Day = "sun"
    maintenance_start: TimeOfDay = time(8)


class Storage(Model):
    """Lifecycle of the images in days since creation; None leaves a class out. Every class reads at once."""

    standard_ia_days: Annotated[int, within(30, 3650, "the age for STANDARD_IA")] | None = None
    glacier_ir_days: Annotated[int, within(1, 3650, "the age for GLACIER_IR")] | None = 30
    minimum_size_bytes: Annotated[int, within(0, 5 * 2**30, "the size")] = 262_144
    noncurrent_days: Annotated[int, within(1, 3650, "days")] = 90
    archive_lock_days: Annotated[int, within(1, 36_500, "days")] = 3653


class SplunkSettings(Model):
    """Splunk HTTP Event Collector. `token_secrets`: source type to the ARN of the secret `{"hec_token": …}`."""

    hec_endpoint: str
    token_secrets: dict[str, SecretArn]


class Logging(Model):
    """Retention in days, and where the logs are streamed to."""

    retention_days: RetentionDays = 400
    audit_retention_days: RetentionDays = 2192
    splunk: SplunkSettings | None = None


class Audit(Model):
    """`account_baseline`: GuardDuty, Access Analyzer and Config, for an account that has none yet."""

    account_baseline: bool = False


class Backup(Model):
    """Recovery points in days; `copy_region` holds a second copy for `copy_keep_days`: each of an Aurora cluster is a
    whole one, and only the newest are of use when a Region is lost. `s3` backs the images up as well as replicating.
    """

    keep_days: Annotated[int, within(7, 3650, "days")] = 35
    copy_region: Region | None = None
    copy_keep_days: Annotated[int, within(7, 3650, "days")] = 14
    restore_testing: bool = True
    s3: bool = False


class Archive(Model):
    """The end of the study. `operators`: ARNs (with `*`) of this account's users and roles that may archive it; without
    any, everybody of the account who signed in with a second factor and may assume the archiver's role.
    """

    operators: Annotated[tuple[PrincipalArn, ...], Distinct] = ()


class Budget(Model):
    """Monthly limit in USD and who hears of it; the reminder comes so many days before the study ends."""

    monthly_usd: Annotated[int, within(1, 1_000_000, "the limit in USD")]
    notify: Annotated[tuple[Email, ...], Distinct, length_between(1, 10, "addresses")]
    reminder_days: Annotated[int, within(1, 180, "days")] = 30


class ImageSettings(Model):
    """Digest of an image that is in the repository already; None builds it from `images/`."""

    nginx: Digest | None = None
    orthanc: Digest | None = None


class Usage(Model):
    """What the study does in a month, for `python -m ops cost` alone: nothing is sized by it. GB are 10^9 bytes.

    `egress_share`: GB that leave for each GB that arrives. `reread_share`: share of the older images read in a month.
    """

    ingest_gb: Annotated[float, within(0, 100_000, "the images that arrive, in GB a month,")] = 212.55
    instance_mb: Annotated[float, within(0.01, 5000, "the mean size of an instance, in MB,")] = 0.5
    egress_share: Annotated[float, within(0, 100, "GB out for each GB in")] = 1.0
    reread_share: Annotated[float, within(0, 10, "the share of older images read in a month")] = 0.02
    application_log_gb: Annotated[float, within(0, 10_000, "the logs of tasks and database, in GB a month,")] = 8.0
    flow_log_gb: Annotated[float, within(0, 10_000, "the flow logs, in GB a month,")] = 2.0
    web_requests_million: Annotated[float, within(0, 10_000, "requests, in millions a month,")] = 1.0
    people: Annotated[int, within(0, 100_000, "the number of people who sign in")] = 6
    vpn_hours: Annotated[float, within(0, 744, "each person's time on the VPN, in hours a month,")] = 40.0
    index_gb: Annotated[float, within(0, 131_072, "the index in the database, in GB,")] = 10.0
    database_io_million: Annotated[float, within(0, 1_000_000, "database I/O, in millions a month,")] = 10.0
    acu_per_load: Annotated[float, within(0.5, 256, "the writer's ACU at load 1")] = 1.0
    container_image_gb: Annotated[float, within(0, 1000, "the images kept in a repository, in GB,")] = 1.0
