"""The usage of each limit against hand calculations at a simple load."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.capacity.cost import Prices
from ops.capacity.demand.service_times import Cost
from ops.capacity.demand.volume import Demand, Volume
from ops.capacity.errors import CapacityError
from ops.capacity.growth import basis as usage_basis
from ops.capacity.growth import forecast, limits
from ops.capacity.scaling.reader import read_scaling
from tests.planned import plan

SCALES = (1, 10, 100, 1000)
# Load 1: 50 stores, 50 reads and 10 searches a second, 5 ms of Orthanc, 1 ms of nginx, 2 ms of PostgreSQL each.
# At the schedule's load 4 that is 440 requests a second.
DEMAND = Demand(
    rates={"stow": 50, "wado": 50, "qido": 10},
    cost=Cost(web=0.001, app=0.005, database=0.002),
    megabytes=25,
    derivation="",
)


@pytest.fixture(scope="module")
def basis() -> usage_basis.Basis:
    """Tasks of Orthanc with one vCPU and one task for load 1, which make calculations by hand simple."""
    planned = plan("prod", overrides={"app": {"cpu": 1024, "tasks_per_load": 1}})
    return usage_basis.basis(planned, read_scaling(planned), DEMAND, Volume())


USED = {
    "app_tasks": 4,  # 440 x 5 ms = 2.2 vCPU, at 55 % of 1 vCPU each
    "web_tasks": 4,  # 0.44 vCPU / (0.55 x 0.25) = 3.2
    "fargate_vcpu": 10,  # 4 x 1 + 4 x 0.25, twice in a deployment
    "database_connections": 180,  # 4 tasks x 20 x 2 + 20
    "database_connections_max": 180,
    "database_acu": 5.5,  # 0.88 vCPU / 0.25 a ACU / 0.7 = 5.03, in halves
    "database_acu_max": 5.5,
    "service_tasks": 8,
    "alb_targets": 8,
    "nlb_targets": 4,  # 4 tasks over 2 zones, twice
    "s3_put": 200,
    "s3_get": 400,  # 200 reads, each of which lists first
    "vpn_tunnel": 0.8,  # 200 x 0.5 MB x 8 bits
    "index_instances": 5_101_200,  # 425,100 x 12
    "index_size": 5_101_200 * 2000 / 1024**4,
    "firehose": 440_000 / 1024**2,
    "nat_connections": 140,  # 40 searches / 100 a sign-in, idle for 350 s
}


def test_every_limit_has_a_usage(basis: usage_basis.Basis):
    assert {limit.name for limit in limits.limits(basis)} == USED.keys() == usage_basis.usage(basis).keys()


@pytest.mark.parametrize("name", USED)
def test_usage_by_hand(basis: usage_basis.Basis, name: str):
    assert usage_basis.usage(basis)[name](1) == pytest.approx(USED[name])


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("vpn_tunnel", 1.25 / 0.8),
        ("s3_put", 3500 / 200),
        ("s3_get", 5500 / 400),
        ("index_instances", 150e6 / 5_101_200),
        ("app_tasks", 12 * 0.55 / 2.2),
        ("database_acu", 8 * 0.25 * 0.7 / 0.88),
        ("database_connections", 41 * 0.55 / 2.2),  # (1,669 - 20) / 40 is 41 tasks
        ("nat_connections", 55_000 / 140),
    ],
)
def test_the_scale_that_reaches_a_limit_by_hand(basis: usage_basis.Basis, name: str, scale: float):
    limit = next(limit for limit in limits.limits(basis) if limit.name == name)
    assert forecast.scale_at_limit(usage_basis.usage(basis)[name], limit.value) == pytest.approx(scale, rel=1e-6)


def test_the_stacks_own_values_are_limits(basis: usage_basis.Basis):
    values = {limit.name: limit.value for limit in limits.limits(basis) if limit.kind == "setting"}
    assert values == {"app_tasks": 12, "web_tasks": 6, "database_connections": 1669, "database_acu": 8}


def test_every_limit_has_a_source_and_a_remedy(basis: usage_basis.Basis):
    for limit in limits.limits(basis):
        assert limit.source.startswith(("https://docs.aws.amazon.com/", "https://orthanc.uclouvain.be/")), limit.name
        assert limit.kind in {"setting", "quota", "fixed"}
        assert limit.remedy
        assert limit.unit


def test_limits_are_listed_in_the_order_in_which_they_are_reached(basis: usage_basis.Basis):
    found = forecast.forecast_growth(basis, SCALES, lambda scale: scale)
    for one in found:
        points = [met.at for met in one.exceeded]
        assert points == sorted(points)
        assert all(at <= one.scale for at in points)
    assert [one.monthly for one in found] == list(SCALES)
    assert found[0].first.limit.name == "fargate_vcpu"
    assert [len(one.exceeded) for one in found] == sorted(len(one.exceeded) for one in found)


def test_a_scale_below_every_limit_names_the_next_one(basis: usage_basis.Basis):
    (one,) = forecast.forecast_growth(basis, [0.1], lambda _: 0)
    assert not one.exceeded
    assert "no limit is exceeded" in one.title(basis.peak)
    assert len(one.lines(basis.peak)) == 1


@given(st.floats(0.01, 1e4), st.floats(1, 10))
def test_more_never_uses_less(basis: usage_basis.Basis, scale: float, factor: float):
    for used in usage_basis.usage(basis).values():
        assert used(scale * factor) >= used(scale)


def test_cost_of_tasks_and_database_by_hand(basis: usage_basis.Basis):
    prices = Prices(vcpu=1, gb=0, acu=0)
    # 2 tasks of each tier in 163 h, 4 of each in 5 h: 346 x (1 + 0.25) vCPU-hours a week.
    assert usage_basis.compute_cost(basis, prices)(1) == pytest.approx(346 * 1.25 * 730 / 168)
    # ACU in halves at load 1, 4, 0.5: 1.26 is 1.5, 5.03 is 5.5, 0.63 is 1; writer and reader.
    acu = usage_basis.compute_cost(basis, Prices(vcpu=0, gb=0, acu=1))(1)
    assert acu == pytest.approx(2 * (55 * 1.5 + 5 * 5.5 + 108 * 1) * 730 / 168)


@pytest.mark.parametrize("scale", [0, -1, float("inf")])
def test_a_scale_that_is_not_above_zero_is_an_error(basis: usage_basis.Basis, scale: float):
    with pytest.raises(CapacityError, match="above 0"):
        forecast.forecast_growth(basis, [1, scale], lambda _: 0)


def test_a_limit_that_is_never_reached_has_an_infinite_scale(basis: usage_basis.Basis):
    assert forecast.scale_at_limit(lambda _: 0.0, 1) == float("inf")
    quiet = dataclasses.replace(basis, demand=dataclasses.replace(DEMAND, rates={"stow": 0, "wado": 0, "qido": 0}))
    assert usage_basis.usage(quiet)["app_tasks"](1) == 0
