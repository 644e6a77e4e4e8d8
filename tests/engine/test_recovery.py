"""After an interrupted `up` the next one completes: nothing is left over and nothing exists twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from rehearsal.stack.driver import Rehearsal

FAULTS = {
    "cluster": "aws:rds/cluster:Cluster:create:1",
    "service": "aws:ecs/service:Service:create:2",
    "listener": "aws:lb/listener:Listener:create:1",
    "killed at the cluster": "aws:rds/cluster:Cluster:create:1:kill",
    "killed at a service": "aws:ecs/service:Service:create:1:kill",
}


def cloud_and_state(rehearsal: Rehearsal) -> tuple[Counter[str], Counter[str]]:
    cloud = Counter(found["urn"] for found in rehearsal.cloud() if found["urn"].startswith("urn:"))
    state = Counter(one["urn"] for one in rehearsal.resources() if one["type"].startswith("aws:"))
    return cloud, state


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_next_up_completes_what_a_fault_interrupted(fresh: Callable[..., Rehearsal], fault: str) -> None:
    rehearsal = fresh()
    rehearsal.env["REHEARSAL_FAULT"] = fault
    broken = rehearsal.up(check=False)
    assert broken.exit_code != 0, f"the fault {fault} did not strike"
    cloud, state = cloud_and_state(rehearsal)
    unknown = [urn for urn in cloud - state if fault.partition(":create")[0] in urn]
    assert bool(unknown) == fault.endswith(":kill"), "a kill leaves one resource that the engine does not know"

    del rehearsal.env["REHEARSAL_FAULT"]
    rehearsal.up()
    cloud, state = cloud_and_state(rehearsal)
    assert cloud == state, f"only in the cloud: {cloud - state}; only in the state: {state - cloud}"
    assert max(cloud.values()) == 1, "a resource exists twice"
    rehearsal.preview(expect_no_changes=True)
