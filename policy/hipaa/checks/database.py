"""Databases: encrypted, out of the public's reach, watched, and recoverable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, look
from hipaa.rule import rule
from hipaa.values import at_least, customer_key, number

TLS_BY_DEFAULT = {"aurora-postgresql": 17, "postgres": 15}
"""First version of each engine that forces TLS unless told otherwise.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
"""


@rule("RDS-01", types.RDS_CLUSTER, types.INSTANCE)
def encrypted(database: Resource, _settings: Settings) -> Iterator[Finding]:
    """Data at rest is encrypted with an own key. A read replica in its source's region is encrypted as its source is,
    and takes no key of its own; one in another region names its source by ARN, and needs one.
    """
    message = "data is not encrypted with an own key"
    source = database.get("replicateSourceDb") if database.type == types.INSTANCE else ABSENT
    if source is UNKNOWN:
        yield Undecided(path="replicateSourceDb")
    elif source is ABSENT or source == "":
        yield from database.is_true("storageEncrypted", "data at rest is not encrypted")
        yield from customer_key(database, "kmsKeyId", message)
    elif str(source).startswith("arn:"):
        yield from customer_key(database, "kmsKeyId", message)


@rule("RDS-02", types.RDS_CLUSTER, types.INSTANCE)
def deletion_protection(database: Resource, _settings: Settings) -> Iterator[Finding]:
    """A database cannot be deleted by one call; absent is AWS's default, which is that it can."""
    yield from database.is_true("deletionProtection", "one call deletes the database")


@rule(
    "RDS-03",
    types.RDS_CLUSTER,
    schema={"days": {"type": "integer", "default": 7, "minimum": 1, "maximum": 35}},
)
def automated_backups(cluster: Resource, settings: Settings) -> Iterator[Finding]:
    """Automated backups are kept for some days; absent is AWS's default, which is one day."""
    days = settings["days"]
    message = f"automated backups are kept for fewer than {days} days"
    yield from cluster.expect("backupRetentionPeriod", lambda value: at_least(value, days), message)


@rule("RDS-05", types.CLUSTER_INSTANCE, types.INSTANCE)
def not_public(instance: Resource, _settings: Settings) -> Iterator[Finding]:
    """No instance has a public address; what absent means depends on its subnets, so it must be said."""
    message = "the instance may get a public address"
    yield from instance.expect("publiclyAccessible", lambda value: value is False, message)


@rule(
    "RDS-06",
    types.CLUSTER_INSTANCE,
    types.RDS_CLUSTER,
    schema={"instances": {"type": "integer", "default": 2, "minimum": 2}},
)
def several_zones(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every cluster has an instance to take over. A Multi-AZ DB cluster makes its three by itself.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts.html
    """
    for cluster in stack.of([types.RDS_CLUSTER]):
        if cluster.get("dbClusterInstanceClass") is not ABSENT:
            continue
        instances = stack.referring([types.CLUSTER_INSTANCE], "clusterIdentifier", cluster)
        unlinked = [
            one
            for one in stack.of([types.CLUSTER_INSTANCE])
            if one.get("clusterIdentifier") is UNKNOWN and not one.dependencies.get("clusterIdentifier")
        ]
        if len(instances) < settings["instances"]:
            few = f"it has {len(instances)} instances, not {settings['instances']}"
            enough = len(instances) + len(unlinked) >= settings["instances"]
            yield cluster, Undecided(path="") if enough else Violation(message=few)


@rule("RDS-07", types.RDS_CLUSTER)
def logs_exported(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """The database's log leaves it for CloudWatch Logs. Engines other than PostgreSQL name their logs otherwise: of
    those, one has to be exported.
    """
    exported = [value for _, value in cluster.each("enabledCloudwatchLogsExports")]
    engine = cluster.get("engine")
    other = isinstance(engine, str) and "postgres" not in engine
    if "postgresql" in exported or (other and any(isinstance(name, str) for name in exported)):
        return
    if UNKNOWN in exported or engine is UNKNOWN:
        yield Undecided(path="enabledCloudwatchLogsExports")
    else:
        yield Violation(message="the database's log is not exported", path="enabledCloudwatchLogsExports")


@rule("RDS-08", types.CLUSTER_INSTANCE)
def enhanced_monitoring(instance: Resource, _settings: Settings) -> Iterator[Finding]:
    """The operating system of an instance is watched; absent is AWS's default, which is off."""
    message = "the operating system of the instance is not watched"
    yield from instance.expect("monitoringInterval", lambda value: (number(value) or 0) > 0, message)
    yield from instance.is_set("monitoringRoleArn", message)


@rule("RDS-09", types.CLUSTER_INSTANCE)
def minor_upgrades(instance: Resource, _settings: Settings) -> Iterator[Finding]:
    """Minor versions are installed by AWS; absent is AWS's default, which is that they are."""
    found = instance.get("autoMinorVersionUpgrade")
    if found is UNKNOWN:
        yield Undecided(path="autoMinorVersionUpgrade")
    elif found is False:
        yield Violation(message="security fixes wait for somebody to install them", path="autoMinorVersionUpgrade")


@rule("RDS-10", types.CLUSTER_SNAPSHOT, types.SNAPSHOT, types.CLUSTER_SNAPSHOT_COPY, types.SNAPSHOT_COPY)
def private_snapshots(snapshot: Resource, _settings: Settings) -> Iterator[Finding]:
    """No snapshot is shared with everybody; absent is AWS's default, which is with nobody."""
    accounts = [value for _, value in snapshot.each("sharedAccounts")]
    if "all" in accounts:
        yield Violation(message="every AWS account can restore the snapshot", path="sharedAccounts")
    elif UNKNOWN in accounts:
        yield Undecided(path="sharedAccounts")


@rule("RDS-11", types.RDS_CLUSTER)
def signed_in_by_iam(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """People can sign in as themselves; absent is AWS's default, which is by password alone."""
    yield from cluster.is_true("iamDatabaseAuthenticationEnabled", "people can only sign in with a shared password")


@rule("RDS-12", types.CLUSTER_PARAMETER_GROUP)
def tls_forced(group: Resource, _settings: Settings) -> Iterator[Finding]:
    """The database refuses connections without TLS. Absent is AWS's default, which is so for PostgreSQL from the
    versions of `TLS_BY_DEFAULT` on alone. MySQL has a parameter of another name for it.
    """
    family = group.get("family")
    mysql = isinstance(family, str) and "postgres" not in family
    wanted = "require_secure_transport" if mysql else "rds.force_ssl"
    parameters = [parameter for _, parameter in group.each("parameters")]
    values = [look(one, "value") for one in parameters if look(one, "name") == wanted]
    names = [look(one, "name") for one in parameters]
    if any(_is_on(value) for value in values):
        return
    if UNKNOWN in names or UNKNOWN in values:
        yield Undecided(path="parameters")
    elif values or not _forced_by_default(family):
        yield Violation(message=f"{wanted} is not 1, so connections need no TLS", path="parameters")


def _is_on(value: Any) -> bool:
    return number(value) == 1 or str(value).lower() in ("on", "true")


def _forced_by_default(family: Any) -> bool:
    found = re.fullmatch(r"(.*?)(\d+)", family) if isinstance(family, str) else None
    return found is not None and int(found[2]) >= TLS_BY_DEFAULT.get(found[1], int(found[2]) + 1)


@rule("RDS-13", types.RDS_CLUSTER, types.CLUSTER_INSTANCE)
def tags_and_insights(database: Resource, _settings: Settings) -> Iterator[Finding]:
    """Snapshots of a cluster keep its tags, and what Performance Insights collects is encrypted with an own key.

    For snapshots only the cluster's own setting counts: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """
    if database.type == types.RDS_CLUSTER:
        yield from database.is_true("copyTagsToSnapshot", "snapshots lose the cluster's tags")
    insights = database.get("performanceInsightsEnabled")
    if insights is True:
        message = "Performance Insights keeps statements without an own key"
        yield from customer_key(database, "performanceInsightsKmsKeyId", message)
    elif insights is UNKNOWN:
        yield Undecided(path="performanceInsightsEnabled")


@rule("OWN-08", types.RDS_CLUSTER)
def final_snapshot(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """Deleting a cluster leaves a snapshot; absent is the provider's default, which is that it must, under a name."""
    skipped = cluster.get("skipFinalSnapshot")
    if skipped is UNKNOWN:
        yield Undecided(path="skipFinalSnapshot")
    elif skipped is True:
        yield Violation(message="deleting the cluster leaves no snapshot", path="skipFinalSnapshot")
    yield from cluster.is_set("finalSnapshotIdentifier", "the final snapshot has no name")
