"""The simulation of a store over weeks of load: starting and stopping tasks, alarms, cooldowns, the database.

Exact, as events of simpy: scheduled actions, the metrics of each minute and the lag before an alarm sees them, scaling
policies, and start, health checks and draining of every task. Approximated: between events, and in steps of at most 5 s
while anything is busy or changes, requests flow as a fluid through three stations (nginx, Orthanc, the database); a
step without a backlog takes its waits from M/M/c formulas, with one server per task and per ACU. Not modelled: the time
that Orthanc waits for S3 (a thread, no processor), retries of refused requests, an uneven spread over tasks, failures.
tests/unit/test_capacity_exact.py compares it with a simulation of single requests.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import datetime

import simpy

from ops.capacity.demand.spikes import DemandSpike
from ops.capacity.demand.volume import Demand
from ops.capacity.scaling import clock
from ops.capacity.scaling.declared import Database, MetricName, ScheduledAction
from ops.capacity.scaling.scaler import Scaler, next_acu
from ops.capacity.simulation.outcome import Outcome, Sample, Window, empty_windows, window_names
from ops.capacity.simulation.station import (
    DATABASE_USE,
    MIN_ACU,
    TASK_START_SECONDS,
    TASK_STOP_SECONDS,
    VCPU_PER_ACU,
    Station,
    create_station,
)
from ops.capacity.simulation.waits import mean_queue_wait

METRIC_LAG_SECONDS = 150.0
"""Seconds from the end of a minute to the decision on its metrics. AWS measured 363 s from a rise of load to the
scale-out of target tracking: three minutes of data, half a minute before the first complete one, and this lag.
https://aws.amazon.com/about-aws/whats-new/2026/06/amazon-ecs-faster-autoscaling/"""
MAX_CALM_USE = 0.8
"""Use below which a minute is simulated in one step."""
STEP_SECONDS = 5.0
MINUTE_SECONDS = 60.0
WEEK_MINUTES = 7 * 24 * 60


class Simulation:
    """A run of tiers and database over a sequence of loads, one per minute."""

    def __init__(
        self,
        *,
        scalers: dict[str, Scaler],
        database: Database,
        demand: Demand,
        loads: Sequence[float],
        spikes: Sequence[DemandSpike],
        begin: datetime,
        scheduled: bool,
        foresight: Callable[[str, int], int] | None = None,
    ) -> None:
        self.environment = simpy.Environment()
        self.stations = {name: create_station(scaler) for name, scaler in scalers.items()}
        self.database, self.demand, self.loads = database, demand, loads
        self.acu = max(database.minimum, MIN_ACU)
        self.backlog = 0.0
        self.acu_hours = 0.0
        self.minute_windows = window_names(len(loads), spikes)
        self.windows = empty_windows()
        self.samples: list[Sample] = []
        self.p99_wait = 0.0
        self.foresight = foresight
        weeks = len(loads) // WEEK_MINUTES
        if scheduled:
            for station in self.stations.values():
                for action in station.tier.actions:
                    for moment in clock.run_times(action, begin, weeks):
                        self._schedule((moment - begin).total_seconds(), self._apply_action, station, action)

    def run(self) -> Outcome:
        """The outcome of the simulation over all loads."""
        self.environment.process(self._run_minutes())
        self.environment.run(until=len(self.loads) * MINUTE_SECONDS + 1)
        return Outcome(
            windows=self.windows,
            task_hours={name: station.hours for name, station in self.stations.items()},
            acu_hours=self.acu_hours,
            samples=self.samples,
        )

    def _schedule(self, at: float, action: Callable[..., None], *arguments: object) -> None:
        event = self.environment.timeout(at - self.environment.now)
        event.callbacks.append(lambda _: action(*arguments))

    def _apply_action(self, station: Station, action: ScheduledAction) -> None:
        self._set_desired(station, station.scaler.set_range(action.minimum, action.maximum))

    def _decide(self, published: list[tuple[Station, int, dict[MetricName, float | None]]]) -> None:
        for station, running, metrics in published:
            desired = station.scaler.observe(self.environment.now, running, metrics)
            if desired != station.desired:
                self._set_desired(station, desired)

    def _set_desired(self, station: Station, desired: int) -> None:
        """Starts or stops the difference. A new task is billed at once, an old one until it has drained and stopped."""
        change = desired - station.desired
        station.desired = desired
        now = self.environment.now
        for _ in range(change):
            station.billed += 1
            station.starting += 1
            self._schedule(now + TASK_START_SECONDS + station.tier.checks, self._finish_start, station)
        for _ in range(-change):
            if station.starting:  # ECS stops the newest first if zones allow, before they serve requests
                station.starting -= 1
            else:
                station.ready -= 1
            self._schedule(
                now + station.tier.drain + min(TASK_STOP_SECONDS, station.tier.stop), self._finish_stop, station
            )

    def _finish_start(self, station: Station) -> None:
        if station.starting:
            station.starting -= 1
            station.ready += 1

    def _finish_stop(self, station: Station) -> None:
        station.billed -= 1

    def _run_minutes(self) -> Generator[simpy.Event, None, None]:
        """Simulates each minute in one step or in steps of 5 s, then publishes its metrics."""
        before = self.loads[0]
        for minute, load in enumerate(self.loads):
            if self.foresight:
                for name, station in self.stations.items():
                    station.ready = station.billed = station.desired = self.foresight(name, minute)
            arrived, self.p99_wait = 0.0, 0.0
            window = self.windows[self.minute_windows[minute]]
            window.minutes += 1
            if load == 0:  # the schedule closes the store: no more requests
                before = 0.0
            if before == load == 0 or self._is_calm(max(before, load)):
                arrived = self._step(MINUTE_SECONDS, (before + load) / 2, window)
                yield self.environment.timeout(MINUTE_SECONDS)
            else:
                steps = int(MINUTE_SECONDS / STEP_SECONDS)
                for number in range(steps):
                    middle = before + (load - before) * (number + 0.5) / steps
                    arrived += self._step(STEP_SECONDS, middle, window)
                    yield self.environment.timeout(STEP_SECONDS)
            before = load
            self._measure(arrived)
            if minute < WEEK_MINUTES:
                self._sample(load)

    def _is_calm(self, load: float) -> bool:
        """Whether nothing changes in this minute: no backlog, no starting task, and every station below its limit."""
        if self.backlog or any(station.queue or station.starting for station in self.stations.values()):
            return False
        rate, cost = load * self.demand.rate, self.demand.cost
        return (
            all(
                rate * getattr(cost, name) < MAX_CALM_USE * station.ready * station.tier.vcpu
                for name, station in self.stations.items()
            )
            and rate * cost.database < MAX_CALM_USE * self.acu * VCPU_PER_ACU
        )

    def _step(self, seconds: float, load: float, window: Window) -> float:
        """Moves requests through the stations for `seconds`, and returns the number of arrivals."""
        cost, arrivals = self.demand.cost, load * self.demand.rate * seconds
        flow, delay = arrivals, 0.0
        queues: list[tuple[int, float, float]] = []
        for name, station in self.stations.items():
            tier, service = station.tier, getattr(cost, name)
            capacity = station.ready * tier.vcpu * seconds / service
            room = station.ready * tier.threads
            served = min(station.queue + flow, capacity)
            waiting = station.queue + flow - served
            refused = max(0.0, waiting - room)
            window.refused += refused
            station.queue = waiting - refused
            if station.queue:
                delay += station.queue * seconds / capacity if capacity else seconds
            elif capacity:
                queues.append((max(1, station.ready), served / capacity, service / tier.vcpu))
            station.busy += served * service
            station.hours += station.billed * seconds / 3600
            flow = served
        delay += self._step_database(seconds, flow, window, queues)
        self._count(window, arrivals, delay, queues)
        return arrivals

    def _step_database(
        self, seconds: float, flow: float, window: Window, queues: list[tuple[int, float, float]]
    ) -> float:
        """Moves requests through the database, changes its capacity, and returns the delay of a backlog."""
        cost, delay = self.demand.cost, 0.0
        capacity = self.acu * VCPU_PER_ACU * seconds / cost.database
        needed = (self.backlog + flow) * cost.database / seconds
        served = min(self.backlog + flow, capacity)
        self.backlog += flow - served
        app = self.stations["app"]
        # A request that waits for the database occupies a thread of Orthanc.
        excess = min(self.backlog, max(0.0, self.backlog + app.queue - app.ready * app.tier.threads))
        self.backlog -= excess
        window.refused += excess
        if self.backlog:
            delay = self.backlog * seconds / capacity
        else:
            servers = max(1, int(self.acu))
            queues.append((servers, served / capacity, cost.database / (self.acu * VCPU_PER_ACU / servers)))
        self.acu_hours += self.acu * seconds / 3600
        database = self.database
        wanted = needed / VCPU_PER_ACU / DATABASE_USE
        self.acu = next_acu(self.acu, wanted, max(database.minimum, MIN_ACU), database.maximum, seconds)
        return delay

    def _count(self, window: Window, arrivals: float, delay: float, queues: list[tuple[int, float, float]]) -> None:
        if not arrivals:
            return
        share, mean = mean_queue_wait(queues)
        window.waits.add(delay, arrivals * (1 - share))
        window.waits.add_spread(delay, mean, arrivals * share)
        self.p99_wait = max(self.p99_wait, delay + 4.6 * mean * (share > 0.01))  # noqa: PLR2004  1 % of an exponential

    def _measure(self, arrived: float) -> None:
        """Publishes the minute's metrics; the scalers see them after the lag."""
        published = []
        for station in self.stations.values():
            if station.scaler.points:
                metrics: dict[MetricName, float | None] = {"cpu": None, "requests": None}
                if station.ready:
                    metrics["cpu"] = 100 * station.busy / (station.ready * station.tier.vcpu * MINUTE_SECONDS)
                    if arrived:
                        metrics["requests"] = arrived / station.ready
                published.append((station, station.ready, metrics))
            station.busy = 0.0
        if published:
            self._schedule(self.environment.now + METRIC_LAG_SECONDS, self._decide, published)

    def _sample(self, load: float) -> None:
        self.samples.append(
            Sample(
                load=load,
                web=self.stations["web"].ready,
                app=self.stations["app"].ready,
                acu=self.acu,
                wait=self.p99_wait,
            )
        )
