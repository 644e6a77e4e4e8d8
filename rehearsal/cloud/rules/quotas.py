"""Quotas of a new account, where `REHEARSAL_ACCOUNT=new` requests one; those of other accounts are not counted."""

from __future__ import annotations

import os
from typing import Any

from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud

VARIABLE, NEW = "REHEARSAL_ACCOUNT", "new"
SERVICE, TASK = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"
NUMBER = "resources"
CPU_UNITS = 1024  # a vCPU


def is_new_account() -> bool:
    """Whether the rehearsed account has the quotas of a new one."""
    value = os.environ.get(VARIABLE, "")
    if value not in {"", NEW}:
        raise ValueError(f"{VARIABLE}={value!r}: write {NEW}, or leave it out")
    return value == NEW


def check_quotas(cloud: Cloud, token: str, urn: str, inputs: dict[str, Any]) -> None:
    """Resources of one type in one Region stay within the account's quota."""
    quota = behaviours()["quotas"].get(token)
    if quota is None or not is_new_account():
        return
    others = [one.inputs for one in cloud.of_type(token) if one.urn != urn]
    counted = [one for one in others if one.get("region") == inputs.get("region")]
    for name, limit in quota["limits"].items():
        total = sum(_amount(cloud, token, name, one) for one in [*counted, inputs])
        if total > limit:
            path = name if name in inputs else ""
            raise AwsError(quota["code"], path, f"{quota['message']} ({name}: {total:g}, the quota allows {limit})")


def _amount(cloud: Cloud, token: str, name: str, inputs: dict[str, Any]) -> float:
    if name == NUMBER:
        return 1
    return _vcpus(cloud, name, inputs) if token == SERVICE else max(0, inputs.get(name, 0))


def _vcpus(cloud: Cloud, provider: str, inputs: dict[str, Any]) -> float:
    """Number of vCPUs that the service's tasks have on one capacity provider."""
    task = next((one for one in cloud.of_type(TASK) if inputs.get("taskDefinition") in one.identifiers()), None)
    default: list[dict[str, Any]] = [{"capacityProvider": "FARGATE", "weight": 1}]
    strategies = inputs.get("capacityProviderStrategies") or default
    weights = {one["capacityProvider"]: one.get("weight", 0) for one in strategies}
    share = weights.get(provider, 0) / (sum(weights.values()) or 1)
    return inputs.get("desiredCount", 0) * share * float(task.inputs["cpu"] if task else 0) / CPU_UNITS
