"""The store through weeks of load, as discrete events: tasks that start and drain, alarms, cool-downs, the database.

Exact (events of simpy): the range that scheduled actions move, the metrics' minutes and the lag until an alarm sees
them, the policies, the start, health checks and draining of every task. Approximated: between events, and in steps of
at most 5 s whenever anything is busy or changing, requests are a fluid through three stations (nginx, Orthanc, the
database); a step without a backlog takes its waits from M/M/c formulas, with a server per task or per quarter of a vCPU
in the database. Not modelled: the time that Orthanc waits for S3 (a thread, no processor), retries of refused requests,
an uneven spread over tasks, failures. tests/unit/test_capacity_exact.py holds it against request by request.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ops.capacity import clock
from ops.capacity.declared import Database, MetricName, Tier
from ops.capacity.demand import Demand, Surprise
from ops.capacity.outcome import Outcome, Sample, Window, labels, windows
from ops.capacity.scaling import Scaler, grown
from ops.capacity.waits import queueing

if TYPE_CHECKING:
    import simpy

LAG = 150.0
"""Seconds from the end of a minute to the decision on its metrics. AWS measured 363 s from a rise of load to tracking's
scale-out: three minutes of data, half a minute before the first whole one, and this.
https://aws.amazon.com/about-aws/whats-new/2026/06/amazon-ecs-faster-autoscaling/"""
START = 55.0
"""Seconds to place a Fargate task, pull an image of 400 MB and start it, before its first health check."""
END = 10.0
"""Seconds that nginx or Orthanc takes to end after SIGTERM; the stop timeout bounds it."""
VCPU_PER_ACU = 0.25
"""An ACU is about 2 GiB with the processor and network of a memory-optimised class, which has 8 GiB a vCPU.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html"""
DATABASE_USE = 0.7
"""Share of its processor at which an Aurora instance asks for more."""
CALM = 0.8
STEP = 5.0
MINUTE = 60.0


@dataclass
class Station:
    """One tier while the simulation runs. `billed` counts started tasks, `ready` those that get requests."""

    tier: Tier
    scaler: Scaler
    ready: int
    billed: int
    desired: int
    queue: float = 0.0
    hours: float = 0.0
    busy: float = 0.0
    starting: int = 0


class Simulation:
    """Runs tiers and database over a trace of loads, one per minute."""

    def __init__(
        self,
        *,
        scalers: dict[str, Scaler],
        database: Database,
        demand: Demand,
        loads: Sequence[float],
        bursts: Sequence[Surprise],
        begin: datetime,
        scheduled: bool,
        ahead: Callable[[str, int], int] | None = None,
    ) -> None:
        import simpy  # noqa: PLC0415  no other command needs it

        self.environment: simpy.Environment = simpy.Environment()
        self.stations = {name: self._station(scaler) for name, scaler in scalers.items()}
        self.database, self.demand, self.loads = database, demand, loads
        self.acu = max(database.minimum, 0.5)
        self.backlog = 0.0
        self.acu_hours = 0.0
        self.labels = labels(len(loads), bursts)
        self.windows = windows()
        self.samples: list[Sample] = []
        self.worst = 0.0
        self.ahead = ahead
        weeks = len(loads) // (7 * 24 * 60)
        if scheduled:
            for station in self.stations.values():
                for action in station.tier.actions:
                    for moment in clock.runs(action, begin, weeks):
                        self._later((moment - begin).total_seconds(), self._range, station, action)

    def run(self) -> Outcome:
        """The whole trace."""
        self.environment.process(self._clock())
        self.environment.run(until=len(self.loads) * MINUTE + 1)
        return Outcome(
            windows=self.windows,
            task_hours={name: station.hours for name, station in self.stations.items()},
            acu_hours=self.acu_hours,
            samples=self.samples,
        )

    def _station(self, scaler: Scaler) -> Station:
        count = min(max(scaler.desired, scaler.minimum), scaler.maximum)
        scaler.desired = count
        scaler.fulfilment = START + scaler.tier.checks
        return Station(tier=scaler.tier, scaler=scaler, ready=count, billed=count, desired=count)

    def _later(self, at: float, action: Callable[..., None], *arguments: Any) -> None:
        event = self.environment.timeout(at - self.environment.now)
        event.callbacks.append(lambda _: action(*arguments))

    def _range(self, station: Station, action: Any) -> None:
        self._set(station, station.scaler.move(action.minimum, action.maximum))

    def _decide(self, seen: list[tuple[Station, int, dict[MetricName, float | None]]]) -> None:
        for station, running, metrics in seen:
            desired = station.scaler.observe(self.environment.now, running, metrics)
            if desired != station.desired:
                self._set(station, desired)

    def _set(self, station: Station, desired: int) -> None:
        """Starts or stops the difference: a new task is billed at once, an old one until it has drained and ended."""
        change = desired - station.desired
        station.desired = desired
        now = self.environment.now
        for _ in range(change):
            station.billed += 1
            station.starting += 1
            self._later(now + START + station.tier.checks, self._ready, station)
        for _ in range(-change):
            if station.starting:  # ECS ends the newest first where zones allow, and they serve nobody yet
                station.starting -= 1
            else:
                station.ready -= 1
            self._later(now + station.tier.drain + min(END, station.tier.stop), self._gone, station)

    def _ready(self, station: Station) -> None:
        if station.starting:
            station.starting -= 1
            station.ready += 1

    def _gone(self, station: Station) -> None:
        station.billed -= 1

    def _clock(self) -> Generator[simpy.Event, None, None]:
        """Minute by minute, in one step or in steps of 5 s, then the minute's metrics."""
        before = self.loads[0]
        for minute, load in enumerate(self.loads):
            if self.ahead:
                for name, station in self.stations.items():
                    station.ready = station.billed = station.desired = self.ahead(name, minute)
            arrived, self.worst = 0.0, 0.0
            window = self.windows[self.labels[minute]]
            window.minutes += 1
            if load == 0:  # a schedule's closing time: nobody comes any more
                before = 0.0
            if before == load == 0 or self._calm(max(before, load)):
                arrived = self._step(MINUTE, (before + load) / 2, window)
                yield self.environment.timeout(MINUTE)
            else:
                steps = int(MINUTE / STEP)
                for number in range(steps):
                    middle = before + (load - before) * (number + 0.5) / steps
                    arrived += self._step(STEP, middle, window)
                    yield self.environment.timeout(STEP)
            before = load
            self._measure(arrived)
            if minute < 7 * 24 * 60:
                self._sample(load)

    def _calm(self, load: float) -> bool:
        """Whether nothing changes in this minute: no backlog, no start, and every station well below its limit."""
        if self.backlog or any(station.queue or station.starting for station in self.stations.values()):
            return False
        rate, cost = load * self.demand.rate, self.demand.cost
        return (
            all(
                rate * getattr(cost, name) < CALM * station.ready * station.tier.vcpu
                for name, station in self.stations.items()
            )
            and rate * cost.database < CALM * self.acu * VCPU_PER_ACU
        )

    def _step(self, seconds: float, load: float, window: Window) -> float:
        """Moves requests through the stations for `seconds`; returns how many arrived."""
        cost, arrivals = self.demand.cost, load * self.demand.rate * seconds
        flow, delay = arrivals, 0.0
        queues: list[tuple[int, float, float]] = []
        for name, station in self.stations.items():
            tier, service = station.tier, getattr(cost, name)
            capacity = station.ready * tier.vcpu * seconds / service
            room = station.ready * tier.threads
            served = min(station.queue + flow, capacity)
            left = station.queue + flow - served
            refused = max(0.0, left - room)
            window.refused += refused
            station.queue = left - refused
            if station.queue:
                delay += station.queue * seconds / capacity if capacity else seconds
            elif capacity:
                queues.append((max(1, station.ready), served / capacity, service / tier.vcpu))
            station.busy += served * service
            station.hours += station.billed * seconds / 3600
            flow = served
        capacity = self.acu * VCPU_PER_ACU * seconds / cost.database
        needed = (self.backlog + flow) * cost.database / seconds
        served = min(self.backlog + flow, capacity)
        self.backlog += flow - served
        app = self.stations["app"]
        # Who waits for the database holds a thread of Orthanc.
        excess = min(self.backlog, max(0.0, self.backlog + app.queue - app.ready * app.tier.threads))
        self.backlog -= excess
        window.refused += excess
        if self.backlog:
            delay += self.backlog * seconds / capacity
        else:
            servers = max(1, int(self.acu))
            queues.append((servers, served / capacity, cost.database / (self.acu * VCPU_PER_ACU / servers)))
        self.acu_hours += self.acu * seconds / 3600
        database = self.database
        wanted = needed / VCPU_PER_ACU / DATABASE_USE
        self.acu = grown(self.acu, wanted, max(database.minimum, 0.5), database.maximum, seconds)
        self._count(window, arrivals, delay, queues)
        return arrivals

    def _count(self, window: Window, arrivals: float, delay: float, queues: list[tuple[int, float, float]]) -> None:
        if not arrivals:
            return
        share, mean = queueing(queues)
        window.waits.add(delay, arrivals * (1 - share))
        window.waits.add_spread(delay, mean, arrivals * share)
        self.worst = max(self.worst, delay + 4.6 * mean * (share > 0.01))  # noqa: PLR2004  1 % of an exponential

    def _measure(self, arrived: float) -> None:
        """Publishes the minute's metrics; who decides sees them after the lag."""
        seen = []
        for station in self.stations.values():
            if station.scaler.points:
                metrics: dict[MetricName, float | None] = {"cpu": None, "requests": None}
                if station.ready:
                    metrics["cpu"] = 100 * station.busy / (station.ready * station.tier.vcpu * MINUTE)
                    if arrived:
                        metrics["requests"] = arrived / station.ready
                seen.append((station, station.ready, metrics))
            station.busy = 0.0
        if seen:
            self._later(self.environment.now + LAG, self._decide, seen)

    def _sample(self, load: float) -> None:
        self.samples.append(
            Sample(
                load=load,
                web=self.stations["web"].ready,
                app=self.stations["app"].ready,
                acu=self.acu,
                wait=self.worst,
            )
        )
