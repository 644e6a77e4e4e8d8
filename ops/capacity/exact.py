"""The same queue request by request, for short spells: what the fluid of `simulation` is held against."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence

from ops.capacity.waits import Histogram


def by_request(
    segments: Sequence[tuple[float, float, int]], *, service: float, room: int, seed: int = 1
) -> tuple[Histogram, float]:
    """Waits, and the number refused, of Poisson arrivals at `servers` servers with exponential service.

    `segments`: seconds, arrivals a second, and servers while they last. `room`: requests that may wait.
    """
    import simpy  # noqa: PLC0415  no other command needs it

    environment = simpy.Environment()
    most = max(count for _, _, count in segments)
    servers = simpy.PreemptiveResource(environment, capacity=most)
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

    def absent(seconds: float) -> Generator[simpy.Event, None, None]:
        """A server that is not there yet: held by nobody's request."""
        with servers.request(priority=0, preempt=False) as turn:
            yield turn
            yield environment.timeout(seconds)

    def arrivals() -> Generator[simpy.Event, None, None]:
        for seconds, rate, count in segments:
            for _ in range(most - count):
                environment.process(absent(seconds))
            end = environment.now + seconds
            while (gap := generator.expovariate(rate)) < end - environment.now:
                yield environment.timeout(gap)
                environment.process(request())
            yield environment.timeout(end - environment.now)

    environment.process(arrivals())
    environment.run()
    return waits, refused[0]
