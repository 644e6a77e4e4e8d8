"""Long lists of centers: what the rules let through fits AWS, and one more is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_aws import ec2, ecs

from ops.plan import plan
from settings.rules.limits import MAX_GATEWAYS, MAX_NETWORKS, MAX_TITLES
from tests.unit.refusals import Case, assert_refused

ACL_ENTRIES = 20
TASK_BYTES = 65_536


def center(number: int, **more: Any) -> dict[str, Any]:
    return {"name": f"center-{number}", "networks": [f"172.20.{number}.0/24"], **more}


def gateway(number: int) -> dict[str, Any]:
    return {"address": f"198.51.100.{number + 1}", "asn": 65_100 + number}


def titles(count: int) -> list[str]:
    return [f"SENDER{number:010d}" for number in range(count)]  # 16 characters, the most there are


CASES = {
    "too many networks": Case(
        {
            "centers": [center(number, gateway=gateway(number)) for number in range(1)]
            + [center(n) for n in range(1, 51)]
        },
        "centers",
        "51 networks",
        "a security group takes 50",
        "larger networks",
    ),
    "too many public networks": Case(
        {
            "exposure": {"kind": "public", "allow": [f"203.0.{third}.0/24" for third in range(0, 18, 2)]},
            "client_vpn": None,
            "centers": [],
        },
        "exposure.allow",
        "9 separate networks",
        "the network ACL takes 8",
        "larger networks",
    ),
    "too many gateways": Case(
        {"centers": [center(number, gateway=gateway(number)) for number in range(MAX_GATEWAYS + 1)]},
        "centers",
        "11 gateways",
        "takes 10 connections",
        "network.transit_gateway_id",
    ),
    "too many AE titles": Case(
        {"centers": [center(0, gateway=gateway(0), ae_titles=titles(MAX_TITLES + 1))]},
        "centers",
        "151 AE titles",
        "a task definition holds 150",
        "one gateway",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_too_many_is_refused(case: Case):
    assert_refused(case)


def test_the_most_networks_fit_the_network_acl():
    centers = [center(0, gateway=gateway(0)), *(center(number) for number in range(1, MAX_NETWORKS))]
    for acl in plan("prod", overrides={"centers": centers}).of_type(ec2.NetworkAcl):
        assert len(acl.inputs["ingress"]) <= ACL_ENTRIES
        assert len(acl.inputs["egress"]) <= ACL_ENTRIES


def test_the_most_ae_titles_fit_the_task_definition():
    centers = [center(0, gateway=gateway(0), ae_titles=titles(MAX_TITLES))]
    task = plan("prod", overrides={"centers": centers}).resource(ecs.TaskDefinition, name="app-task")
    assert len(task.inputs["containerDefinitions"].encode()) < TASK_BYTES * 0.9  # the endpoint is longer than its mask
