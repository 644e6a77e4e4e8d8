"""Pricers of the database, its recovery points, and the repositories of container images."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.bill import Bill, Pricer, PricerResult, required_input
from ops.cost.pricers.objects import copy_transfer_price
from ops.cost.usage.assumptions import MONTH_DAYS, OS_METRICS_LOG_GB, READER_SHARE
from ops.cost.usage.workload import HOURS_MONTH, acu_hours
from ops.plan.resources import PlannedResource

FOLLOWING_TIER = 1
"""Instances up to this promotion tier are as large as the writer.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"""

PROVISIONED = {"db.t4g.medium": "aurora.db_t4g_medium.h"}


def cluster(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Storage, I/O and the master user's secret; backups up to the size of the cluster are free."""
    if resource.inputs.get("storageType", "aurora") not in {"", "aurora"}:
        raise CostError(f"{resource.name}: there is no price for storage of type {resource.inputs['storageType']}")
    yield bill.line(resource, "aurora.storage.gb_mo", "index", bill.usage.index_gb, kind="usage")
    yield bill.line(resource, "aurora.io.million", "I/O", bill.usage.database_io_million, kind="usage")
    if resource.inputs.get("manageMasterUserPassword"):
        yield bill.line(resource, "secrets.secret_mo", "secret of the master user", 1)


def instance(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Hours of a provisioned instance, or capacity by load.

    A reader in promotion tier 0 or 1 is as large as the writer; any other follows its own share of the load.
    """
    size = required_input(resource, "instanceClass")
    if size in PROVISIONED:
        yield bill.hours(resource, PROVISIONED[size], f"{size} hours")
    elif size == "db.serverless":
        yield bill.line(resource, "aurora.slv2.acu_h", *_capacity(bill, resource), kind="load")
    else:
        known = ", ".join(["db.serverless", *PROVISIONED])
        raise CostError(f"{resource.name}: there is no price for {size}, only for {known}")
    if resource.inputs.get("monitoringInterval"):
        interval = Decimal(str(resource.inputs["monitoringInterval"]))
        gigabytes = OS_METRICS_LOG_GB * 60 / interval
        yield bill.line(resource, "cwl.ingest.gb", "events of Enhanced Monitoring", gigabytes, kind="fixed")


def _capacity(bill: Bill, resource: PlannedResource) -> tuple[str, Decimal]:
    scaling = required_input(
        bill.referenced_resource(required_input(resource, "clusterIdentifier")), "serverlessv2ScalingConfiguration"
    )
    follows_writer = Decimal(str(resource.inputs.get("promotionTier", 0))) <= FOLLOWING_TIER
    pause = scaling.get("secondsUntilAutoPause")
    hours = acu_hours(
        bill.week,
        per_load=bill.usage.acu_per_load * (1 if follows_writer else READER_SHARE),
        minimum=Decimal(str(scaling["minCapacity"])),
        maximum=Decimal(str(scaling["maxCapacity"])),
        pause_seconds=int(pause) if pause is not None and not scaling["minCapacity"] else None,
    )
    return f"{hours / HOURS_MONTH:.2f} ACU on average", hours


def backup(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Snapshots of the database. Those within its own retention period are free; copies to another Region are always
    full. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html
    """
    lines: list[Line] = []
    size = bill.usage.index_gb
    for rule in required_input(resource, "rules"):
        daily = _runs(rule["schedule"])
        snapshots = Decimal(str(rule["lifecycle"]["deleteAfter"])) / MONTH_DAYS * daily
        free_snapshots = Decimal(bill.settings.database.backup_days) / MONTH_DAYS * daily
        extra = max(snapshots - free_snapshots, Decimal()) * size
        lines.append(
            bill.line(resource, "aurora.backup.gb_mo", "snapshots past the retention period", extra, kind="usage")
        )
        for copy in rule.get("copyActions") or ():
            copies = Decimal(str(copy["lifecycle"]["deleteAfter"])) / MONTH_DAYS * daily
            what = f"{copies:.0f} full copies in the second Region"
            lines.append(bill.line(resource, "aurora.backup.gb_mo", what, copies * size, kind="usage"))
            lines.append(
                bill.line(resource, copy_transfer_price(bill), "transfer of copies", daily * size, kind="usage")
            )
    return lines


def _runs(schedule: str) -> Decimal:
    """Number of runs a month of a cron expression: daily, or on days of the month or the week."""
    fields = schedule.removeprefix("cron(").removesuffix(")").split()
    if not schedule.startswith("cron(") or len(fields) != 6:  # noqa: PLR2004
        raise CostError(f"the runs of {schedule} cannot be counted: write it as cron(0 5 * * ? *)")
    day, weekday = fields[2], fields[4]
    if weekday not in {"?", "*"}:
        return Decimal(len(weekday.split(","))) * MONTH_DAYS / 7
    return Decimal(len(day.split(","))) if day not in {"?", "*"} else MONTH_DAYS


def restore_test(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Restores of the newest recovery point; the restored cluster has no instance and exists for hours."""
    runs = _runs(required_input(resource, "scheduleExpression"))
    return [bill.line(resource, "backup.restore_test", "recovery points tested", runs)]


def repository(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Storage of the container images in an ECR repository, also one of awsx."""
    return [bill.line(resource, "ecr.gb_mo", "stored images", bill.usage.container_image_gb, kind="usage")]


PRICERS: dict[str, Pricer] = {
    "aws:rds/cluster:Cluster": cluster,
    "aws:rds/clusterInstance:ClusterInstance": instance,
    "aws:backup/plan:Plan": backup,
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": restore_test,
    "awsx:ecr:Repository": repository,
    "aws:ecr/repository:Repository": repository,
}
