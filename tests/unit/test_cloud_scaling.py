"""Writes to one scalable target: AWS refuses two at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from tests.unit.simulated import REGION, Simulated

ACTION, POLICY = "aws:appautoscaling/scheduledAction:ScheduledAction", "aws:appautoscaling/policy:Policy"
Write = tuple[str, str, dict[str, Any]]


def common(service: str) -> dict[str, str]:
    return {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": f"service/store/{service}",
    }


def scheduled(name: str, service: str = "web") -> Write:
    return (
        ACTION,
        name,
        {**common(service), "name": name, "schedule": "cron(0 7 * * ? *)", "scalableTargetAction": {"minCapacity": 1}},
    )


def tracking(name: str, service: str = "web") -> Write:
    return POLICY, name, {**common(service), "name": name, "policyType": "TargetTrackingScaling"}


@pytest.fixture
def tiers(simulated: Simulated) -> Simulated:
    """A cluster with the services `web` and `app`."""
    cluster = simulated.create("aws:ecs/cluster:Cluster", "cluster", {"name": "store"})
    for name in ("web", "app"):
        simulated.create("aws:ecs/service:Service", name, {"name": name, "cluster": cluster["arn"]})
    return simulated


def create_at_once(simulated: Simulated, writes: Sequence[Write]) -> list[AwsError]:
    """Errors of the writes that were refused."""
    started = Barrier(len(writes))

    def create(write: Write) -> AwsError | None:
        started.wait()
        try:
            simulated.create(*write)
        except AwsError as error:
            return error
        return None

    with ThreadPoolExecutor(len(writes)) as pool:
        return [error for error in pool.map(create, writes) if error is not None]


def test_concurrent_writes_to_one_target_are_refused(tiers: Simulated) -> None:
    [error] = create_at_once(tiers, [scheduled("morning"), tracking("requests")])
    assert (error.code, error.path) == ("ConcurrentUpdateException", "resourceId")


def test_concurrent_writes_to_two_targets_are_accepted(tiers: Simulated) -> None:
    assert create_at_once(tiers, [scheduled("morning"), scheduled("early", service="app")]) == []


def test_writes_one_after_the_other_are_accepted(tiers: Simulated) -> None:
    tiers.create(*scheduled("morning"))
    tiers.create(*tracking("requests"))
    assert len(tiers.provider.cloud.of_type(ACTION) + tiers.provider.cloud.of_type(POLICY)) == 2


def test_a_refused_write_leaves_the_target_free(tiers: Simulated) -> None:
    token, name, inputs = scheduled("morning")
    with pytest.raises(AwsError, match="ECS service doesn't exist"):
        tiers.create(token, name, {**inputs, "resourceId": "service/store/none"})
    with pytest.raises(AwsError, match="ECS service doesn't exist"):
        tiers.create(token, name, {**inputs, "resourceId": "service/store/none"})


def test_deletes_count_as_writes(tiers: Simulated) -> None:
    outputs = tiers.create(*scheduled("morning"))
    token, _, inputs = scheduled("evening")
    writing = tiers.provider.targets.write(token, inputs, region=REGION)
    with writing, pytest.raises(AwsError, match="pending update"):
        tiers.provider.delete(ACTION, tiers.urn(ACTION, "morning"), outputs["id"], outputs)
