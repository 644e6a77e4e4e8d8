"""Cases of the rules for databases."""

from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, Resources, resource

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"
SOURCE = "arn:aws:rds:us-east-1:111122223333:db:source"
CLUSTER = resource(types.RDS_CLUSTER, "cluster", clusterIdentifier="store")
OTHER = (resource(types.ECS_CLUSTER), resource(types.BUCKET))


def cluster(**properties: Any) -> Resource:
    return resource(types.RDS_CLUSTER, **properties)


def instance(**properties: Any) -> Resource:
    return resource(types.CLUSTER_INSTANCE, **properties)


def single(**properties: Any) -> Resource:
    """An instance outside any cluster."""
    return resource(types.INSTANCE, **properties)


def member(name: str, of: Resource = CLUSTER) -> Resource:
    return resource(types.CLUSTER_INSTANCE, name, refers={"clusterIdentifier": of}, clusterIdentifier=UNKNOWN)


def parameters(name: str, value: Any, family: str = "aurora-postgresql16") -> Resource:
    found = [{"name": "log_statement", "value": "none"}, {"name": name, "value": value}]
    return resource(types.CLUSTER_PARAMETER_GROUP, family=family, parameters=found)


def without_parameters(family: str) -> Resources:
    return (resource(types.CLUSTER_PARAMETER_GROUP, family=family),)


CASES = {
    "RDS-01": Cases(
        passes=(
            (cluster(storageEncrypted=True, kmsKeyId=KEY),),
            (cluster(storageEncrypted=True, kmsKeyId=UNKNOWN),),
            (single(storageEncrypted=True, kmsKeyId=KEY),),
            (single(replicateSourceDb="source"),),
            (single(replicateSourceDb=SOURCE, kmsKeyId=KEY),),
        ),
        fails=(
            (cluster(storageEncrypted=False, kmsKeyId=KEY),),
            (cluster(kmsKeyId=KEY),),
            (cluster(storageEncrypted=True),),
            (cluster(storageEncrypted=True, kmsKeyId="arn:aws:kms:us-east-1:111122223333:alias/aws/rds"),),
            (single(storageEncrypted=False),),
            (single(replicateSourceDb=SOURCE),),
        ),
        absent=(cluster(),),
        unknown=(cluster(storageEncrypted=UNKNOWN, kmsKeyId=UNKNOWN), single(replicateSourceDb=UNKNOWN)),
        other=OTHER,
    ),
    "RDS-02": Cases(
        passes=(
            (cluster(deletionProtection=True), single(deletionProtection=True)),
            (resource(types.RDS_CLUSTER, stack="dev", deletionProtection=False),),
        ),
        fails=((cluster(deletionProtection=False),), (single(deletionProtection=False),), (single(),)),
        absent=(cluster(),),
        unknown=(cluster(deletionProtection=UNKNOWN),),
        other=OTHER,
    ),
    "RDS-03": Cases(
        passes=tuple((cluster(backupRetentionPeriod=days),) for days in (7, 35.0, "14")),
        fails=tuple((cluster(backupRetentionPeriod=days),) for days in (0, 1.0, "6", 6.9, True)),
        absent=(cluster(),),
        unknown=(cluster(backupRetentionPeriod=UNKNOWN),),
        other=OTHER,
    ),
    "RDS-05": Cases(
        passes=((instance(publiclyAccessible=False), single(publiclyAccessible=False)),),
        fails=((instance(publiclyAccessible=True),), (single(publiclyAccessible=True),), (single(),)),
        absent=(instance(),),
        unknown=(instance(publiclyAccessible=UNKNOWN),),
        other=OTHER,
    ),
    "RDS-06": Cases(
        passes=(
            (CLUSTER, member("writer"), member("reader")),
            (CLUSTER, *(resource(types.CLUSTER_INSTANCE, name, clusterIdentifier="store") for name in ("a", "b"))),
            (cluster(dbClusterInstanceClass="db.r6gd.xlarge"),),
            (resource(types.RDS_CLUSTER, stack="dev"),),
        ),
        fails=(
            (CLUSTER, member("writer")),
            (CLUSTER, member("writer"), member("reader", of=cluster())),
            (CLUSTER, member("writer"), resource(types.CLUSTER_INSTANCE, clusterIdentifier="another")),
        ),
        absent=(CLUSTER,),
        unknown=(CLUSTER, member("writer"), resource(types.CLUSTER_INSTANCE, clusterIdentifier=UNKNOWN)),
        other=(*OTHER, resource(types.CLUSTER_INSTANCE, clusterIdentifier="elsewhere")),
    ),
    "RDS-07": Cases(
        passes=(
            (cluster(engine="aurora-postgresql", enabledCloudwatchLogsExports=["postgresql"]),),
            (cluster(engine="aurora-postgresql", enabledCloudwatchLogsExports=["iam-db-auth-error", "postgresql"]),),
            (cluster(engine="aurora-mysql", enabledCloudwatchLogsExports=["audit"]),),
        ),
        fails=(
            (cluster(engine="aurora-postgresql", enabledCloudwatchLogsExports=[]),),
            (cluster(engine="aurora-postgresql", enabledCloudwatchLogsExports=["instance"]),),
            (cluster(engine="aurora-mysql"),),
        ),
        absent=(cluster(engine="aurora-postgresql"),),
        unknown=(cluster(engine="aurora-postgresql", enabledCloudwatchLogsExports=UNKNOWN),),
        other=OTHER,
    ),
    "RDS-08": Cases(
        passes=tuple((instance(monitoringInterval=each, monitoringRoleArn=UNKNOWN),) for each in (60, 1.0, "30")),
        fails=(
            (instance(monitoringInterval=0, monitoringRoleArn="arn:aws:iam::111122223333:role/monitor"),),
            (instance(monitoringInterval=60),),
            (instance(monitoringRoleArn=UNKNOWN),),
        ),
        absent=(instance(),),
        unknown=(instance(monitoringInterval=UNKNOWN, monitoringRoleArn=UNKNOWN),),
        other=OTHER,
    ),
    "RDS-09": Cases(
        passes=((instance(autoMinorVersionUpgrade=True),),),
        fails=((instance(autoMinorVersionUpgrade=False),),),
        absent=(instance(),),
        absent_fails=False,
        unknown=(instance(autoMinorVersionUpgrade=UNKNOWN),),
        other=OTHER,
    ),
    "RDS-10": Cases(
        passes=((resource(types.CLUSTER_SNAPSHOT, sharedAccounts=["111122223333"]),),),
        fails=tuple(
            (resource(kind, sharedAccounts=["111122223333", "all"]),)
            for kind in (types.CLUSTER_SNAPSHOT, types.SNAPSHOT, types.CLUSTER_SNAPSHOT_COPY, types.SNAPSHOT_COPY)
        ),
        absent=(resource(types.CLUSTER_SNAPSHOT),),
        absent_fails=False,
        unknown=(resource(types.CLUSTER_SNAPSHOT, sharedAccounts=[UNKNOWN]),),
        other=OTHER,
    ),
    "RDS-11": Cases(
        passes=((cluster(iamDatabaseAuthenticationEnabled=True),),),
        fails=((cluster(iamDatabaseAuthenticationEnabled=False),),),
        absent=(cluster(),),
        unknown=(cluster(iamDatabaseAuthenticationEnabled=UNKNOWN),),
        other=OTHER,
    ),
    "RDS-12": Cases(
        passes=(
            *((parameters("rds.force_ssl", value),) for value in ("1", 1, 1.0)),
            (parameters("require_secure_transport", "ON", "aurora-mysql8.0"),),
            without_parameters("aurora-postgresql17"),
            without_parameters("postgres15"),
        ),
        fails=(
            (parameters("rds.force_ssl", "0"),),
            (parameters("rds.force_ssl", "0", "aurora-postgresql17"),),
            (parameters("rds.force_ssl_not", "1"),),
            (parameters("require_secure_transport", "OFF", "aurora-mysql8.0"),),
            without_parameters("aurora-mysql8.0"),
            without_parameters("postgres14"),
        ),
        absent=without_parameters("aurora-postgresql16"),
        unknown=(parameters("rds.force_ssl", UNKNOWN),),
        other=OTHER,
    ),
    "RDS-13": Cases(
        passes=(
            (cluster(copyTagsToSnapshot=True), instance()),
            (cluster(copyTagsToSnapshot=True, performanceInsightsEnabled=True, performanceInsightsKmsKeyId=UNKNOWN),),
            (
                instance(performanceInsightsEnabled=False),
                instance(performanceInsightsEnabled=True, performanceInsightsKmsKeyId=KEY),
            ),
        ),
        fails=(
            (cluster(copyTagsToSnapshot=False),),
            (cluster(copyTagsToSnapshot=True, performanceInsightsEnabled=True),),
            (instance(performanceInsightsEnabled=True),),
        ),
        absent=(cluster(),),
        unknown=(cluster(copyTagsToSnapshot=UNKNOWN), instance(performanceInsightsEnabled=UNKNOWN)),
        other=OTHER,
    ),
    "OWN-08": Cases(
        passes=(
            (cluster(skipFinalSnapshot=False, finalSnapshotIdentifier="store-final"),),
            (cluster(finalSnapshotIdentifier=UNKNOWN),),
            (resource(types.RDS_CLUSTER, stack="dev", skipFinalSnapshot=True),),
        ),
        fails=(
            (cluster(skipFinalSnapshot=True, finalSnapshotIdentifier="store-final"),),
            (cluster(skipFinalSnapshot=False),),
        ),
        absent=(cluster(),),
        unknown=(cluster(skipFinalSnapshot=UNKNOWN, finalSnapshotIdentifier=UNKNOWN),),
        other=OTHER,
    ),
}
