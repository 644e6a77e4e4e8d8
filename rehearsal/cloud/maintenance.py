"""What AWS changes by itself: minor versions of databases, in their maintenance window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.resources import Cloud, Resource
from rehearsal.cloud.rules.databases import CLUSTER, VERSION

INSTANCE = "aws:rds/clusterInstance:ClusterInstance"


def upgrade_minor_versions(cloud: Cloud) -> Iterator[Resource]:
    """Upgrade every cluster whose instances allow it to the latest minor version that is offered; yields them.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.Upgrading.html
    """
    offered = behaviours()["values"][CLUSTER][VERSION]
    for cluster in cloud.of_type(CLUSTER):
        identifier = cluster.outputs["clusterIdentifier"]
        instances = [one for one in cloud.of_type(INSTANCE) if one.inputs["clusterIdentifier"] == identifier]
        current = str(cluster.outputs.get(VERSION, ""))
        major = f"{current.partition('.')[0]}."
        latest = max((one for one in offered if one.startswith(major)), key=_minor, default=current)
        allowed = all(one.inputs.get("autoMinorVersionUpgrade", True) for one in instances)
        if instances and allowed and _minor(latest) > _minor(current):
            yield cloud.put(replace(cluster, outputs={**cluster.outputs, VERSION: latest}))


def _minor(version: str) -> int:
    return int(version.partition(".")[2] or 0)
