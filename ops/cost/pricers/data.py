"""The database, its recovery points, and the repositories of images."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ops.cost.assumptions import MONTH_DAYS, OS_METRICS_LOG_GB, READER_SHARE
from ops.cost.bill import Bill, Priced, Pricer, required
from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.objects import to_copies
from ops.cost.workload import HOURS_MONTH, acu_hours
from ops.plan.resources import PlannedResource

FOLLOWING_TIER = 1
"""Instances up to this promotion tier are as large as the writer.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"""

PROVISIONED = {"db.t4g.medium": "aurora.db_t4g_medium.h"}


def cluster(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Storage and I/O; point-in-time recovery within the size of the cluster is free."""
    if resource.inputs.get("storageType", "aurora") not in {"", "aurora"}:
        raise CostError(f"{resource.name}: there is no price for storage of type {resource.inputs['storageType']}")
    yield bill.line(resource, "aurora.storage.gb_mo", "index", bill.usage.index_gb, kind="usage")
    yield bill.line(resource, "aurora.io.million", "I/O", bill.usage.database_io_million, kind="usage")
    if resource.inputs.get("manageMasterUserPassword"):
        yield bill.line(resource, "secrets.secret_mo", "secret of the master user", 1)


def instance(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Capacity by load. A reader of a low tier grows with the writer, any other carries its own share."""
    size = required(resource, "instanceClass")
    if size in PROVISIONED:
        yield bill.hours(resource, PROVISIONED[size], f"{size} hours")
    elif size == "db.serverless":
        yield bill.line(resource, "aurora.slv2.acu_h", *_capacity(bill, resource), kind="load")
    else:
        known = ", ".join(["db.serverless", *PROVISIONED])
        raise CostError(f"{resource.name}: there is no price for {size}; there is one for {known}")
    if resource.inputs.get("monitoringInterval"):
        interval = Decimal(str(resource.inputs["monitoringInterval"]))
        gigabytes = OS_METRICS_LOG_GB * 60 / interval
        yield bill.line(resource, "cwl.ingest.gb", "events of Enhanced Monitoring", gigabytes, kind="fixed")


def _capacity(bill: Bill, resource: PlannedResource) -> tuple[str, Decimal]:
    scaling = required(bill.referred(required(resource, "clusterIdentifier")), "serverlessv2ScalingConfiguration")
    follows = Decimal(str(resource.inputs.get("promotionTier", 0))) <= FOLLOWING_TIER
    pause = scaling.get("secondsUntilAutoPause")
    hours = acu_hours(
        bill.week,
        per_load=bill.usage.acu_per_load * (1 if follows else READER_SHARE),
        least=Decimal(str(scaling["minCapacity"])),
        most=Decimal(str(scaling["maxCapacity"])),
        pause_seconds=int(pause) if pause is not None and not scaling["minCapacity"] else None,
    )
    return f"{hours / HOURS_MONTH:.2f} ACU on the mean", hours


def backup(bill: Bill, resource: PlannedResource) -> Priced:
    """Snapshots of the database. Those within its own recovery period are free; Aurora copies to another Region are
    always whole. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html
    """
    lines: list[Line] = []
    size = bill.usage.index_gb
    for rule in required(resource, "rules"):
        daily = _runs(rule["schedule"])
        kept = Decimal(str(rule["lifecycle"]["deleteAfter"])) / MONTH_DAYS * daily
        free = Decimal(bill.settings.database.backup_days) / MONTH_DAYS * daily
        extra = max(kept - free, Decimal()) * size
        lines.append(
            bill.line(resource, "aurora.backup.gb_mo", "snapshots past the recovery period", extra, kind="usage")
        )
        for copy in rule.get("copyActions") or ():
            copies = Decimal(str(copy["lifecycle"]["deleteAfter"])) / MONTH_DAYS * daily
            what = f"{copies:.0f} whole copies in the second Region"
            lines.append(bill.line(resource, "aurora.backup.gb_mo", what, copies * size, kind="usage"))
            lines.append(bill.line(resource, to_copies(bill), "copies on their way", daily * size, kind="usage"))
    return lines


def _runs(schedule: str) -> Decimal:
    """Runs a month of a cron expression: every day, or on one day of the month or the week."""
    fields = schedule.removeprefix("cron(").removesuffix(")").split()
    if not schedule.startswith("cron(") or len(fields) != 6:  # noqa: PLR2004
        raise CostError(f"{schedule} is no schedule that can be counted: write it as cron(0 5 * * ? *)")
    day, weekday = fields[2], fields[4]
    if weekday not in {"?", "*"}:
        return Decimal(len(weekday.split(","))) * MONTH_DAYS / 7
    return Decimal(len(day.split(","))) if day not in {"?", "*"} else MONTH_DAYS


def restore_test(bill: Bill, resource: PlannedResource) -> Priced:
    """Each test restores the newest recovery point; the cluster it makes has no instance and lives for hours."""
    runs = _runs(required(resource, "scheduleExpression"))
    return [bill.line(resource, "backup.restore_test", "recovery points tested", runs)]


def repository(bill: Bill, resource: PlannedResource) -> Priced:
    """What an awsx repository becomes: a repository of ECR (its image is built elsewhere) with the images kept."""
    return [bill.line(resource, "ecr.gb_mo", "images kept", bill.usage.container_image_gb, kind="usage")]


PRICERS: dict[str, Pricer] = {
    "aws:rds/cluster:Cluster": cluster,
    "aws:rds/clusterInstance:ClusterInstance": instance,
    "aws:backup/plan:Plan": backup,
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": restore_test,
    "awsx:ecr:Repository": repository,
    "aws:ecr/repository:Repository": repository,
}
