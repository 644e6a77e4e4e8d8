"""A simulation of single requests in a queue, with which the fluid simulation is compared over short times."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence

import simpy

from ops.capacity.simulation.waits import Histogram


def by_request(
    segments: Sequence[tuple[float, float, int]], *, service: float, room: int, seed: int = 1
) -> tuple[Histogram, float]:
    """Waits and the number of refused requests for Poisson arrivals and exponential service times.

    `segments`: seconds, arrivals a second, and number of servers. `room`: maximum number of waiting requests.
    """
    environment = simpy.Environment()
    most_servers = max(count for _, _, count in segments)
    servers = simpy.PreemptiveResource(environment, capacity=most_servers)
    generator = random.Random(seed)  # noqa: S311  arrivals, not a secret
    waits, refused = Histogram(), [0.0]

    def request() -> Generator[simpy.Event, None, None]:
        if len(servers.queue) >= room:
            refused[0] += 1
            return
        arrived = environment.now
        with servers.request(priority=1, preempt=False) as turn:
            yield turn
            waits.add(environment.now - arrived, 1)
            yield environment.timeout(generator.expovariate(1 / service))

    def occupy(seconds: float) -> Generator[simpy.Event, None, None]:
        """Occupies a server that does not exist in this segment."""
        with servers.request(priority=0, preempt=False) as turn:
            yield turn
            yield environment.timeout(seconds)

    def arrivals() -> Generator[simpy.Event, None, None]:
        for seconds, rate, count in segments:
            for _ in range(most_servers - count):
                environment.process(occupy(seconds))
            end = environment.now + seconds
            while (gap := generator.expovariate(rate)) < end - environment.now:
                yield environment.timeout(gap)
                environment.process(request())
            yield environment.timeout(end - environment.now)

    environment.process(arrivals())
    environment.run()
    return waits, refused[0]
