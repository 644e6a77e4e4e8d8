"""Databases: encrypted, private, monitored and recoverable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, value_at
from hipaa.reading.values import is_at_least, number, require_customer_key
from hipaa.rule import rule

TLS_DEFAULT_FROM_VERSION = {"aurora-postgresql": 17, "postgres": 15}
"""First version of each engine that requires TLS by default.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
"""


@rule("RDS-01", types.RDS_CLUSTER, types.INSTANCE)
def is_encrypted(database: Resource, _settings: Settings) -> Iterator[Finding]:
    """Data at rest is encrypted with a customer managed key. A read replica in the same Region inherits its source's
    key; one in another Region names its source by ARN and needs a key.
    """
    message = "data is not encrypted with a customer managed key"
    source = database.get("replicateSourceDb") if database.type == types.INSTANCE else ABSENT
    if source is UNKNOWN:
        yield Undecided(path="replicateSourceDb")
    elif source is ABSENT or source == "":
        yield from database.require_true("storageEncrypted", "data at rest is not encrypted")
        yield from require_customer_key(database, "kmsKeyId", message)
    elif str(source).startswith("arn:"):
        yield from require_customer_key(database, "kmsKeyId", message)


@rule("RDS-02", types.RDS_CLUSTER, types.INSTANCE)
def has_deletion_protection(database: Resource, _settings: Settings) -> Iterator[Finding]:
    """A database has deletion protection; by default it does not."""
    yield from database.require_true("deletionProtection", "a single call can delete the database")


@rule(
    "RDS-03",
    types.RDS_CLUSTER,
    schema={"days": {"type": "integer", "default": 7, "minimum": 1, "maximum": 35}},
)
def has_automated_backups(cluster: Resource, settings: Settings) -> Iterator[Finding]:
    """Automated backups are kept for the configured days; the default is one day."""
    days = settings["days"]
    message = f"automated backups are kept for fewer than {days} days"
    yield from cluster.require("backupRetentionPeriod", lambda value: is_at_least(value, days), message)


@rule("RDS-05", types.CLUSTER_INSTANCE, types.INSTANCE)
def is_not_public(instance: Resource, _settings: Settings) -> Iterator[Finding]:
    """No instance is publicly accessible. The default depends on the subnets, so an absent value is a violation."""
    message = "the instance may get a public IP address"
    yield from instance.require("publiclyAccessible", lambda value: value is False, message)


@rule(
    "RDS-06",
    types.CLUSTER_INSTANCE,
    types.RDS_CLUSTER,
    schema={"instances": {"type": "integer", "default": 2, "minimum": 2}},
)
def has_standby_instance(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every cluster has an instance to fail over to. A Multi-AZ DB cluster creates its three instances itself.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts.html
    """
    for cluster in stack.of([types.RDS_CLUSTER]):
        if cluster.get("dbClusterInstanceClass") is not ABSENT:
            continue
        instances = stack.referrers([types.CLUSTER_INSTANCE], "clusterIdentifier", cluster)
        unlinked = [
            one
            for one in stack.of([types.CLUSTER_INSTANCE])
            if one.get("clusterIdentifier") is UNKNOWN and not one.dependencies.get("clusterIdentifier")
        ]
        if len(instances) < settings["instances"]:
            message = f"it has {len(instances)} instances, not {settings['instances']}"
            enough = len(instances) + len(unlinked) >= settings["instances"]
            yield cluster, Undecided(path="") if enough else Violation(message=message)


@rule("RDS-07", types.RDS_CLUSTER)
def exports_logs(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """The database log is exported to CloudWatch Logs. Other engines than PostgreSQL use other log names: one of theirs
    must be exported.
    """
    exported = [value for _, value in cluster.elements("enabledCloudwatchLogsExports")]
    engine = cluster.get("engine")
    other = isinstance(engine, str) and "postgres" not in engine
    if "postgresql" in exported or (other and any(isinstance(name, str) for name in exported)):
        return
    if UNKNOWN in exported or engine is UNKNOWN:
        yield Undecided(path="enabledCloudwatchLogsExports")
    else:
        yield Violation(message="the database log is not exported", path="enabledCloudwatchLogsExports")


@rule("RDS-08", types.CLUSTER_INSTANCE)
def has_enhanced_monitoring(instance: Resource, _settings: Settings) -> Iterator[Finding]:
    """Enhanced monitoring is on; by default it is off."""
    message = "enhanced monitoring is off"
    yield from instance.require("monitoringInterval", lambda value: (number(value) or 0) > 0, message)
    yield from instance.require_set("monitoringRoleArn", message)


@rule("RDS-09", types.CLUSTER_INSTANCE)
def upgrades_minor_versions(instance: Resource, _settings: Settings) -> Iterator[Finding]:
    """AWS installs minor versions, which is the default."""
    return instance.forbid(
        "autoMinorVersionUpgrade", value=False, message="security fixes are not installed automatically"
    )


@rule("RDS-10", types.CLUSTER_SNAPSHOT, types.SNAPSHOT, types.CLUSTER_SNAPSHOT_COPY, types.SNAPSHOT_COPY)
def has_private_snapshots(snapshot: Resource, _settings: Settings) -> Iterator[Finding]:
    """No snapshot is public; by default none is."""
    accounts = [value for _, value in snapshot.elements("sharedAccounts")]
    if "all" in accounts:
        yield Violation(message="every AWS account can restore the snapshot", path="sharedAccounts")
    elif UNKNOWN in accounts:
        yield Undecided(path="sharedAccounts")


@rule("RDS-11", types.RDS_CLUSTER)
def allows_iam_authentication(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """Users can sign in with IAM; by default only with a password."""
    yield from cluster.require_true("iamDatabaseAuthenticationEnabled", "users can only sign in with a shared password")


@rule("RDS-12", types.CLUSTER_PARAMETER_GROUP)
def forces_tls(group: Resource, _settings: Settings) -> Iterator[Finding]:
    """The database requires TLS. PostgreSQL does so by default from the versions in `TLS_DEFAULT_FROM_VERSION`; MySQL
    uses another parameter.
    """
    family = group.get("family")
    mysql = isinstance(family, str) and "postgres" not in family
    wanted = "require_secure_transport" if mysql else "rds.force_ssl"
    parameters = [parameter for _, parameter in group.elements("parameters")]
    values = [value_at(one, "value") for one in parameters if value_at(one, "name") == wanted]
    names = [value_at(one, "name") for one in parameters]
    if any(_is_on(value) for value in values):
        return
    if UNKNOWN in names or UNKNOWN in values:
        yield Undecided(path="parameters")
    elif values or not _forces_tls_by_default(family):
        yield Violation(message=f"{wanted} is not 1, so TLS is not required", path="parameters")


def _is_on(value: Any) -> bool:
    return number(value) == 1 or str(value).lower() in ("on", "true")


def _forces_tls_by_default(family: Any) -> bool:
    found = re.fullmatch(r"(.*?)(\d+)", family) if isinstance(family, str) else None
    return found is not None and int(found[2]) >= TLS_DEFAULT_FROM_VERSION.get(found[1], int(found[2]) + 1)


@rule("RDS-13", types.RDS_CLUSTER, types.CLUSTER_INSTANCE)
def copies_tags_and_encrypts_insights(database: Resource, _settings: Settings) -> Iterator[Finding]:
    """Snapshots of a cluster get its tags, and Performance Insights uses a customer managed key.

    Only the cluster's setting counts for snapshots:
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """
    if database.type == types.RDS_CLUSTER:
        yield from database.require_true("copyTagsToSnapshot", "snapshots do not get the cluster's tags")
    insights = database.get("performanceInsightsEnabled")
    if insights is True:
        message = "Performance Insights is not encrypted with a customer managed key"
        yield from require_customer_key(database, "performanceInsightsKmsKeyId", message)
    elif insights is UNKNOWN:
        yield Undecided(path="performanceInsightsEnabled")


@rule("OWN-08", types.RDS_CLUSTER)
def has_final_snapshot(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """Deleting a cluster creates a final snapshot. The provider's default requires one, with a name."""
    yield from cluster.forbid("skipFinalSnapshot", value=True, message="deleting the cluster creates no final snapshot")
    yield from cluster.require_set("finalSnapshotIdentifier", "the final snapshot has no name")
