"""The fluid simulation against a simulation of single requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops.capacity.demand.service_times import Cost
from ops.capacity.demand.volume import Demand
from ops.capacity.scaling.declared import Database, Tier
from ops.capacity.scaling.scaler import scaler
from ops.capacity.simulation.outcome import SCHEDULED, Window
from ops.capacity.simulation.simulator import Simulation
from ops.capacity.simulation.waits import Histogram, erlang_c, mean_queue_wait
from tests.unit.capacity_by_request import by_request

pytestmark = pytest.mark.slow

SERVICE = 0.005
ROOM = 150


def tier(name: str, tasks: int, vcpu: float = 1.0) -> Tier:
    return Tier(
        name=name, vcpu=vcpu, memory=4, desired=tasks, minimum=tasks, maximum=tasks, tracking=(), steps=(), actions=(),
        checks=20, grace=None, drain=60, stop=120, threads=ROOM,
    )  # fmt: skip


def fluid(rate: float, tasks: int, minutes: int) -> Window:
    """A window in which Orthanc is the bottleneck: nginx and the database answer at once."""
    demand = Demand(rates={"stow": rate}, cost=Cost(web=1e-9, app=SERVICE, database=1e-9), megabytes=0, derivation="")
    run = Simulation(
        scalers={"web": scaler(tier("web", 2)), "app": scaler(tier("app", tasks))},
        database=Database(minimum=8, maximum=8, instances=1),
        demand=demand,
        loads=[1.0] * minutes,
        spikes=[],
        begin=datetime(2026, 12, 7, tzinfo=UTC),
        scheduled=False,
    ).run()
    return run.windows[SCHEDULED]


@pytest.mark.parametrize(("rate", "tasks"), [(280, 2), (360, 2), (500, 3), (100, 1)])
def test_waits_at_steady_load_equal_those_of_single_requests(rate: float, tasks: int):
    waits, refused = by_request([(60, rate, tasks)], service=SERVICE, room=10_000)
    found = fluid(rate, tasks, 2)
    assert found.refused == refused == 0
    assert found.waits.quantile(0.99) == pytest.approx(waits.quantile(0.99), rel=0.3)


def test_refusals_and_waits_at_overload_equal_those_of_single_requests():
    waits, refused = by_request([(60, 480, 2)], service=SERVICE, room=2 * ROOM)
    found = fluid(480, 2, 1)
    assert refused > 2500
    assert found.refused == pytest.approx(refused, rel=0.1)
    assert found.waits.quantile(0.99) == pytest.approx(waits.quantile(0.99), rel=0.15)


def test_later_servers_reduce_waits_from_their_start():
    late, _ = by_request([(20, 280, 1), (40, 280, 2)], service=SERVICE, room=10_000)
    early, _ = by_request([(60, 280, 2)], service=SERVICE, room=10_000)
    assert early.quantile(0.7) < 0.01
    assert late.quantile(0.7) > 1  # 1,600 requests remain after 20 s: 4 s of work for two servers


def test_queue_formulas_against_known_values():
    # Two servers, each busy three quarters of the time: 2 rho^2 / (1 + rho) = 9/14.
    assert erlang_c(2, 75) == pytest.approx(9 / 14)
    assert erlang_c(1, 60) == pytest.approx(0.6)
    share, mean = mean_queue_wait([(1, 0.6, 0.010)])
    assert (share, mean) == (pytest.approx(0.6), pytest.approx(0.025))  # M/M/1: service / (1 - rho)


def test_a_histogram_keeps_shares_and_quantiles():
    histogram = Histogram()
    histogram.add(0, 90)
    histogram.add_spread(0, 0.1, 10)
    assert sum(histogram.bins) == pytest.approx(100) == histogram.requests
    assert histogram.quantile(0.5) == 0
    assert histogram.quantile(0.99) == pytest.approx(0.23, rel=0.15)  # ln 10 means
    assert Histogram().quantile(0.99) == 0
