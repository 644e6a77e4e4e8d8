"""Every connection that the architecture claims is open between all zones; every other one is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from ops.plan.configuration import load_settings, stacks
from tests.network.claims import CLAIMED, flows
from tests.network.findings import blocked, findings, read
from tests.planned import plan
from tests.stack_files import FIXTURES

CENTER = {"name": "main-campus", "networks": ["172.20.0.0/16"], "gateway": {"address": "198.51.100.10", "asn": 65010}}
SECOND = {"name": "east-clinic", "networks": ["172.21.8.0/21"], "gateway": {"address": "198.51.100.20", "asn": 65020}}
GUEST = {"name": "north-clinic", "networks": ["172.22.8.0/21"]}
TRANSIT = "tgw-0123456789abcdef0"
SMALLER: dict[str, Any] = {"audit": None, "backup": None, "logging": {"splunk": None}, "viewer": False}
"""Takes off what has no part in the network, to plan in less time."""


def settings_of(*, people: str, centers: list[dict[str, Any]], **network: Any) -> dict[str, Any]:
    """Overrides of the fixture `prod`; `people` are without sign-in, sign in, or use the client VPN as well."""
    found = {**SMALLER, "centers": centers, "network": network}
    if people != "client VPN":
        found["client_vpn"] = None
    if people == "nobody":
        found["identity"] = None
    return found


def combinations() -> dict[str, dict[str, Any]]:
    """Overrides by name; the last part of it is the number of zones with endpoints."""
    found: dict[str, dict[str, Any]] = {}
    for people, transit, (zones, endpoints, centers) in product(
        ("nobody", "sign-in", "client VPN"),
        (None, TRANSIT),
        ((2, 1, [CENTER, SECOND]), (2, None, [CENTER, GUEST]), (3, None, [CENTER, GUEST])),
    ):
        name = f"vpn, {people}, {'transit gateway' if transit else 'VPN gateway'}, {zones} zones, {endpoints or 'all'}"
        found[name] = settings_of(
            people=people,
            centers=centers,
            availability_zones=zones,
            endpoint_zones=endpoints,
            transit_gateway_id=transit,
        )
    for zones, endpoints in ((2, None), (3, 1)):
        found[f"vpn, client VPN, no gateway, {zones} zones"] = settings_of(
            people="client VPN", centers=[GUEST], availability_zones=zones, endpoint_zones=endpoints
        )
        for people in ("nobody", "sign-in"):
            public = settings_of(people=people, centers=[], availability_zones=zones, endpoint_zones=endpoints)
            public["exposure"] = {"kind": "public", "allow": ["203.0.113.0/24", "192.0.2.64/26"]}
            found[f"public, {people}, {zones} zones"] = public
    return found


COMBINATIONS = combinations()


@pytest.mark.parametrize("phase", ["active", "closing"])
@pytest.mark.parametrize("stack", stacks(FIXTURES))
def test_claimed_connections_are_open_and_all_others_refused(stack: str, phase: str):
    overrides = {"phase": phase}
    settings = load_settings(stack, overrides, folder=FIXTURES)
    assert list(findings(plan(stack, overrides=overrides), settings)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_same_holds_for_other_settings(name: str):
    overrides = COMBINATIONS[name]
    settings = load_settings("prod", overrides, folder=FIXTURES)
    assert list(findings(plan("prod", overrides=overrides), settings)) == []


def test_there_are_many_other_settings():
    assert len(COMBINATIONS) >= 24


@pytest.mark.parametrize("section", CLAIMED)
def test_each_section_claims_connections_between_all_zones(section: str):
    overrides = {"phase": "closing"}
    settings = load_settings("prod", overrides, folder=FIXTURES)
    network = read(plan("prod", overrides=overrides), settings)
    claimed = flows({section: CLAIMED[section]}, settings)
    assert claimed
    assert not list(blocked(network, settings))
    for flow in claimed:
        (answer,) = network.ask(*flow)
        zones = {point.subnet.zone for pair in answer.pairs for point in pair[:2] if point.subnet}
        assert len(zones) == 2, flow


def test_the_whole_network_is_part_of_the_model():
    for stack in stacks(FIXTURES):
        assert read(plan(stack), load_settings(stack, folder=FIXTURES)).unread == []
