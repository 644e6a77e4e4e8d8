"""The quotas of a new account, which `REHEARSAL_ACCOUNT=new` applies."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from tests.unit.simulated import Simulated
from tests.unit.test_cloud_live import TRUST
from tests.unit.test_cloud_mistakes import task

FUNCTION, SERVICE = "aws:lambda/function:Function", "aws:ecs/service:Service"
EIP = "aws:ec2/eip:Eip"


@pytest.fixture
def new_account(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    monkeypatch.setenv("REHEARSAL_ACCOUNT", "new")
    return simulated


def create_function(simulated: Simulated, **inputs: Any) -> dict[str, Any]:
    role = simulated.create("aws:iam/role:Role", "role", {"name": "run", "assumeRolePolicy": TRUST})["arn"]
    return simulated.create(FUNCTION, "rotate", {"name": "rotate", "role": role, **inputs})


def create_service(simulated: Simulated, name: str, count: int, provider: str = "FARGATE") -> dict[str, Any]:
    """A service of `count` tasks with 2 vCPUs each."""
    cluster = simulated.create("aws:ecs/cluster:Cluster", f"{name}-cluster", {"name": name})
    providers = {"clusterName": name, "capacityProviders": ["FARGATE", "FARGATE_SPOT"]}
    simulated.create("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", f"{name}-capacity", providers)
    sizes = {**task(), "family": name, "cpu": "2048", "memory": "4096"}
    definition = simulated.create("aws:ecs/taskDefinition:TaskDefinition", f"{name}-task", sizes)
    inputs = {
        "name": name,
        "cluster": cluster["arn"],
        "taskDefinition": definition["arn"],
        "desiredCount": count,
        "capacityProviderStrategies": [{"capacityProvider": provider, "weight": 100}],
    }
    return simulated.create(SERVICE, name, inputs)


def test_a_new_account_refuses_reserved_concurrency(new_account: Simulated) -> None:
    with pytest.raises(AwsError, match=r"below its minimum value of \[10\]") as caught:
        create_function(new_account, reservedConcurrentExecutions=1)
    assert (caught.value.code, caught.value.path) == ("InvalidParameterValueException", "reservedConcurrentExecutions")


def test_a_new_account_accepts_a_function_without_a_reservation(new_account: Simulated) -> None:
    assert create_function(new_account)["name"] == "rotate"


def test_an_established_account_accepts_reserved_concurrency(simulated: Simulated) -> None:
    assert create_function(simulated, reservedConcurrentExecutions=1)["name"] == "rotate"


def test_the_services_of_a_new_account_share_six_vcpus_on_demand(new_account: Simulated) -> None:
    create_service(new_account, "web", 2)
    create_service(new_account, "bursts", 3, provider="FARGATE_SPOT")
    create_service(new_account, "app", 1)
    with pytest.raises(AwsError, match="FARGATE: 8, the quota allows 6"):
        create_service(new_account, "viewer", 1)


def test_a_new_account_has_five_addresses_in_each_region(new_account: Simulated) -> None:
    for number in range(5):
        new_account.create(EIP, f"nat-{number}", {"domain": "vpc"})
    new_account.create(EIP, "elsewhere", {"domain": "vpc", "region": "us-west-2"})
    with pytest.raises(AwsError, match="AddressLimitExceeded"):
        new_account.create(EIP, "nat-5", {"domain": "vpc"})


def test_another_kind_of_account_is_refused_by_name(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_ACCOUNT", "old")
    with pytest.raises(ValueError, match="REHEARSAL_ACCOUNT='old': write new"):
        create_function(simulated)
