"""The fluid simulation against request by request, where both can be run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops.capacity.declared import Database, Tier
from ops.capacity.demand import Demand
from ops.capacity.exact import by_request
from ops.capacity.outcome import SCHEDULED, Window
from ops.capacity.scaling import scaler
from ops.capacity.service import Cost
from ops.capacity.simulation import Simulation
from ops.capacity.waits import Histogram, erlang_c, queueing

SERVICE = 0.005
ROOM = 150


def tier(name: str, tasks: int, vcpu: float = 1.0) -> Tier:
    return Tier(
        name=name, vcpu=vcpu, memory=4, desired=tasks, minimum=tasks, maximum=tasks, tracking=(), steps=(), actions=(),
        checks=20, grace=None, drain=60, stop=120, threads=ROOM,
    )  # fmt: skip


def fluid(rate: float, tasks: int, minutes: int) -> Window:
    """Orthanc alone is the limit: nginx and the database answer at once."""
    demand = Demand(rates={"stow": rate}, cost=Cost(web=1e-9, app=SERVICE, database=1e-9), megabytes=0, derivation="")
    run = Simulation(
        scalers={"web": scaler(tier("web", 2)), "app": scaler(tier("app", tasks))},
        database=Database(minimum=8, maximum=8, instances=1),
        demand=demand,
        loads=[1.0] * minutes,
        bursts=[],
        begin=datetime(2026, 12, 7, tzinfo=UTC),
        scheduled=False,
    ).run()
    return run.windows[SCHEDULED]


@pytest.mark.parametrize(("rate", "tasks"), [(280, 2), (360, 2), (500, 3), (100, 1)])
def test_steady_load_waits_as_long_as_request_by_request(rate: float, tasks: int):
    waits, refused = by_request([(60, rate, tasks)], service=SERVICE, room=10_000)
    found = fluid(rate, tasks, 2)
    assert found.refused == refused == 0
    assert found.waits.quantile(0.99) == pytest.approx(waits.quantile(0.99), rel=0.3)


def test_overload_refuses_and_delays_as_request_by_request():
    waits, refused = by_request([(60, 480, 2)], service=SERVICE, room=2 * ROOM)
    found = fluid(480, 2, 1)
    assert refused > 2500
    assert found.refused == pytest.approx(refused, rel=0.1)
    assert found.waits.quantile(0.99) == pytest.approx(waits.quantile(0.99), rel=0.15)


def test_servers_that_come_later_help_from_then_on():
    late, _ = by_request([(20, 280, 1), (40, 280, 2)], service=SERVICE, room=10_000)
    early, _ = by_request([(60, 280, 2)], service=SERVICE, room=10_000)
    assert early.quantile(0.7) < 0.01
    assert late.quantile(0.7) > 1  # 1,600 are left over after 20 s: 4 s of work for two


def test_a_known_queue():
    # Two servers, each busy three quarters of the time: 2 rho^2 / (1 + rho) = 9/14.
    assert erlang_c(2, 75) == pytest.approx(9 / 14)
    assert erlang_c(1, 60) == pytest.approx(0.6)
    share, mean = queueing([(1, 0.6, 0.010)])
    assert (share, mean) == (pytest.approx(0.6), pytest.approx(0.025))  # M/M/1: service / (1 - rho)


def test_a_histogram_keeps_shares_and_quantiles():
    histogram = Histogram()
    histogram.add(0, 90)
    histogram.add_spread(0, 0.1, 10)
    assert sum(histogram.bins) == pytest.approx(100) == histogram.requests
    assert histogram.quantile(0.5) == 0
    assert histogram.quantile(0.99) == pytest.approx(0.23, rel=0.15)  # ln 10 means
    assert Histogram().quantile(0.99) == 0
