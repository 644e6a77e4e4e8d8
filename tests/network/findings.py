"""Everything that is wrong with the network of a plan, as texts; empty for a sound one."""

from __future__ import annotations

from collections.abc import Iterator

from ops.deploy.reachability import Answer, Reachability
from ops.plan import Plan
from settings import Settings
from tests.network.claims import BESIDES, CLAIMED, SERVICES, Flow, flows

OUTSIDE = ("internet", "network:", "center:", "s3")
EDGE = {"alb", "nlb", "client-vpn"}
BEHIND = {"web", "app", "rotation", "index-export", "database", *(f"endpoint:{service}" for service in SERVICES)}
"""What is in the app and data subnets, whose ACLs do not tell them apart."""


def read(plan: Plan, settings: Settings) -> Reachability:
    return Reachability(plan, {center.name: center.networks for center in settings.centers})


def findings(plan: Plan, settings: Settings) -> Iterator[str]:
    network = read(plan, settings)
    yield from blocked(network, settings)
    yield from unclaimed(network, settings)


def blocked(network: Reachability, settings: Settings) -> Iterator[str]:
    """Claimed connections that something stops between some pair of zones, or that nobody listens for."""
    for flow in sorted(flows(CLAIMED, settings)):
        for answer in network.ask(*flow):
            if not answer.open:
                stops = answer.worst.trace.stops
                yield f"{flow} is blocked by {stops[0] if stops else 'the target, which does not listen'}"


def unclaimed(network: Reachability, settings: Settings) -> Iterator[str]:
    """Other connections that the network lets through, or that a single layer refuses where two do."""
    known = flows(CLAIMED, settings) | flows(BESIDES, settings)
    for answer in network.matrix():
        flow = Flow(answer.source, answer.target, answer.port)
        if flow in known:
            continue
        if not answer.refused:
            yield f"{flow} is open and nobody claims it"
        for layer in required_layers(answer, settings):
            if not all(any(stop.layer == layer for stop in pair.trace.stops) for pair in answer.pairs):
                yield f"{flow} is not refused by {layer}"


def required_layers(answer: Answer, settings: Settings) -> list[str]:
    """Layers of which each by itself refuses a connection that nobody claims."""
    inbound, outbound = answer.source.startswith(OUTSIDE), answer.target.startswith(OUTSIDE)
    sign_in = settings.identity is not None and answer.source == "alb" and answer.port == 443
    layers = []
    if not inbound and not sign_in:
        layers.append("source group")
    # The endpoints' group admits the app subnets by network, and the endpoints' own addresses are in them.
    by_network = answer.port == 443 and all(name.startswith("endpoint:") for name in (answer.source, answer.target))
    # The load balancers' groups admit the networks of all centers, also of one without a path to the store.
    by_network |= answer.source.startswith("center:") and (answer.target, answer.port) in {("alb", 443), ("nlb", 104)}
    if not outbound and not by_network:
        layers.append("target group")
    if answer.target == "internet" and not inbound and answer.source not in EDGE:
        layers.append("route")
    if answer.source == "internet" and not outbound and answer.target not in EDGE:
        layers += ["address", "route"]
    if "database" in {answer.source, answer.target} and not {answer.source, answer.target} <= BEHIND:
        layers.append("acl")
    if answer.source == "database" and answer.target != "database":
        layers.append("acl")
    return list(dict.fromkeys(layers))
