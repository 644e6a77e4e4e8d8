"""Mutations of this project's own plans that violate the rules for databases and backups."""

from typing import Any

from ops.plan import Plan
from tests.policy.mutations import Mutations, drop
from tests.unit.contracts.edit import copy_resource, edit_named, edit_nested, edit_resource

CLUSTER, WRITER, PLAN, LOCK = "database-cluster", "database-writer", "backup-plan", "backup-vault-lock"


def back_up_other_cluster(plan: Plan) -> Plan:
    selection = plan.resource(name="backup-selection")
    inputs = {**selection.inputs, "resources": ["arn:aws:rds:us-east-1:111122223333:cluster:another"]}
    links = {name: urns for name, urns in selection.property_dependencies.items() if name != "resources"}
    return edit_resource(plan, selection, inputs=inputs, property_dependencies=links)


def disable_tls(plan: Plan) -> Plan:
    group = plan.resource("aws:rds/clusterParameterGroup:ClusterParameterGroup")
    parameters: list[dict[str, Any]] = [
        {**one, "value": "0"} if one["name"] == "rds.force_ssl" else one for one in group.inputs["parameters"]
    ]
    return edit_resource(plan, group, inputs={**group.inputs, "parameters": parameters})


MUTATIONS: Mutations = {
    "unencrypted storage": ("dev", edit_named(CLUSTER, storageEncrypted=False), frozenset({"RDS-01"})),
    "storage encrypted with AWS's key": ("prod", edit_named(CLUSTER, kmsKeyId=None), frozenset({"RDS-01"})),
    "no deletion protection": ("prod", edit_named(CLUSTER, deletionProtection=False), frozenset({"RDS-02", "OWN-06"})),
    "short backup retention": ("dev", edit_named(CLUSTER, backupRetentionPeriod=1), frozenset({"RDS-03"})),
    "no backup selection": ("dev", drop("backup-selection"), frozenset({"RDS-04"})),
    "a backup selection for another cluster": ("prod", back_up_other_cluster, frozenset({"RDS-04"})),
    "public instance": ("dev", edit_named(WRITER, publiclyAccessible=True), frozenset({"RDS-05"})),
    "instance without publiclyAccessible": ("prod", edit_named(WRITER, publiclyAccessible=None), frozenset({"RDS-05"})),
    "no reader": ("prod", drop("database-reader-1"), frozenset({"RDS-06"})),
    "no log export": ("dev", edit_named(CLUSTER, enabledCloudwatchLogsExports=None), frozenset({"RDS-07"})),
    "no monitoring": ("dev", edit_named(WRITER, monitoringInterval=0), frozenset({"RDS-08"})),
    "no upgrades": ("dev", lambda plan: copy_resource(plan, WRITER), frozenset({"RDS-09"})),
    "passwords only": ("dev", edit_named(CLUSTER, iamDatabaseAuthenticationEnabled=None), frozenset({"RDS-11"})),
    "connections without TLS": ("dev", disable_tls, frozenset({"RDS-12"})),
    "snapshots without tags": ("dev", edit_named(CLUSTER, copyTagsToSnapshot=False), frozenset({"RDS-13"})),
    "Performance Insights encrypted with AWS's key": (
        "prod",
        edit_named(WRITER, performanceInsightsEnabled=True),
        frozenset({"RDS-13"}),
    ),
    "backup retention too short": ("dev", edit_nested(PLAN, "rules.0.lifecycle.deleteAfter", 7), frozenset({"BAK-01"})),
    "weekly backups": ("prod", edit_nested(PLAN, "rules.0.schedule", "cron(0 5 ? * SUN *)"), frozenset({"BAK-01"})),
    "vault encrypted with AWS's key": ("dev", edit_named("backup-vault", kmsKeyArn=None), frozenset({"BAK-02"})),
    "no vault lock": ("dev", drop(LOCK), frozenset({"BAK-03"})),
    "lock without retention": ("prod", edit_named("backup-copies-lock", minRetentionDays=None), frozenset({"BAK-03"})),
    "no final snapshot": ("prod", edit_named(CLUSTER, skipFinalSnapshot=True), frozenset({"OWN-08"})),
}

NOT_OURS: dict[str, str] = {
    "RDS-10": "the program creates no snapshots; AWS creates them and shares them with nobody",
}
