"""Versions of a database: RDS upgrades minor versions by itself, and refuses every downgrade."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from awsmodel.properties import from_struct, to_struct
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.maintenance import upgrade_minor_versions
from tests.unit.simulated import Simulated

CLUSTER, INSTANCE = "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance"
INPUTS = {"engine": "aurora-postgresql", "clusterIdentifier": "study", "skipFinalSnapshot": True}


def cluster(simulated: Simulated, version: str) -> dict[str, Any]:
    return simulated.create(CLUSTER, "db", {**INPUTS, "engineVersion": version})


def add_instance(simulated: Simulated, *, upgrades: bool = True) -> None:
    inputs = {
        "engine": "aurora-postgresql",
        "clusterIdentifier": "study",
        "instanceClass": "db.serverless",
        "autoMinorVersionUpgrade": upgrades,
    }
    simulated.create(INSTANCE, "writer", inputs)


def change(simulated: Simulated, olds: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Update the cluster, whose state is `olds`, as the engine would."""
    news = {**INPUTS, "engineVersion": olds["engineVersion"], **changes}
    return simulated.provider.update(CLUSTER, simulated.urn(CLUSTER, "db"), "study", olds, news)


def upgrade(simulated: Simulated) -> dict[str, Any]:
    """Outputs of the cluster after a maintenance window, as a refresh reads them."""
    list(upgrade_minor_versions(simulated.provider.cloud))
    found = simulated.provider.read(CLUSTER, simulated.urn(CLUSTER, "db"), "study", {})
    assert found
    return found


def test_a_downgrade_is_refused(simulated: Simulated) -> None:
    with pytest.raises(AwsError, match=r"Cannot upgrade aurora-postgresql from 17\.9 to 17\.7") as caught:
        change(simulated, cluster(simulated, "17.9"), engineVersion="17.7")
    assert (caught.value.code, caught.value.path) == ("InvalidParameterCombination", "engineVersion")


def test_an_upgrade_is_accepted_to_a_new_major_version_only_on_request(simulated: Simulated) -> None:
    olds = cluster(simulated, "16.13")
    with pytest.raises(AwsError, match="AllowMajorVersionUpgrade"):
        change(simulated, olds, engineVersion="17.7")
    olds = change(simulated, olds, engineVersion="17.7", allowMajorVersionUpgrade=True)
    assert change(simulated, olds, engineVersion="17.9")["engineVersion"] == "17.9"


def test_rds_upgrades_the_minor_version_of_a_cluster_whose_instances_allow_it(simulated: Simulated) -> None:
    cluster(simulated, "17.7")
    assert upgrade(simulated)["engineVersion"] == "17.7", "a cluster without an instance is not upgraded"
    add_instance(simulated)
    assert upgrade(simulated)["engineVersion"] == "17.9"


def test_rds_leaves_the_version_of_a_cluster_that_forbids_upgrades(simulated: Simulated) -> None:
    cluster(simulated, "17.7")
    add_instance(simulated, upgrades=False)
    assert upgrade(simulated)["engineVersion"] == "17.7"


def test_a_refresh_brings_the_running_version_into_the_state(simulated: Simulated) -> None:
    olds = cluster(simulated, "17.7")
    add_instance(simulated)
    folder = simulated.provider.cloud.folder.parent
    command = [sys.executable, "-m", "rehearsal.cloud", "maintain", "--cloud", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "study 17.9\n"
    request = provider_pb2.ReadRequest(
        id="study",
        urn=simulated.urn(CLUSTER, "db"),
        properties=to_struct(olds),
        inputs=to_struct({**INPUTS, "engineVersion": "17.7"}),
    )
    refreshed = simulated.restarted().Read(request, None)
    assert from_struct(refreshed.inputs) == {**INPUTS, "engineVersion": "17.9"}
    assert from_struct(refreshed.properties)["engineVersion"] == "17.9"


def test_a_change_with_a_pinned_version_below_the_refreshed_one_is_refused(simulated: Simulated) -> None:
    cluster(simulated, "17.7")
    add_instance(simulated)
    with pytest.raises(AwsError, match=r"from 17\.9 to 17\.7"):
        change(simulated, upgrade(simulated), engineVersion="17.7", backupRetentionPeriod=7)


def test_a_change_that_does_not_send_the_version_keeps_the_running_one(simulated: Simulated) -> None:
    olds = cluster(simulated, "17.7")
    add_instance(simulated)
    upgrade(simulated)
    changed = change(simulated, olds, backupRetentionPeriod=7)
    assert (changed["engineVersion"], changed["backupRetentionPeriod"]) == ("17.9", 7)
