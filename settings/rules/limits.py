"""What AWS takes at most, where a long list of centers could exceed it."""

from __future__ import annotations

from layout.acls import MOST_PEERS, fence
from settings.models import Center, Exposure, Network
from settings.rules.problem import Problem, Problems, Rule

MOST_NETWORKS = 50
"""Of 60 rules a security group: the rest is for the client VPN and the health checks.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups"""

MOST_GATEWAYS = 10
"""VPN connections of one VPN gateway; https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html"""

MOST_TITLES = 150
"""AE titles, of which each is a modality in Orthanc's configuration, and a task definition has 64 KiB.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""


def clients_fit_the_firewall(exposure: Exposure, centers: tuple[Center, ...]) -> Problems:
    """Every client network is a rule of the balancer's security group, and of the fence around its subnets."""
    public = exposure.kind == "public"
    key = "exposure.allow" if public else "centers"
    networks = exposure.allow if public else tuple(block for center in centers for block in center.networks)
    if len(networks) > MOST_NETWORKS:
        yield Problem(
            key=key,
            value=f"{len(networks)} networks",
            rule=f"a security group takes {MOST_NETWORKS} of them",
            remedy="Name larger networks that hold several",
        )
    elif len(fence(networks)) > MOST_PEERS:
        yield Problem(
            key=key,
            value=f"{len(fence(networks))} separate networks",
            rule=f"the network ACL takes {MOST_PEERS} that are not private",
            remedy="Name larger networks that hold several, or use private ones",
        )


def gateways_fit_the_hub(network: Network, centers: tuple[Center, ...]) -> Problems:
    """A VPN gateway ends so many connections; a transit gateway ends thousands."""
    gateways = sum(center.gateway is not None for center in centers)
    if gateways > MOST_GATEWAYS and network.transit_gateway_id is None:
        yield Problem(
            key="centers",
            value=f"{gateways} gateways",
            rule=f"a VPN gateway takes {MOST_GATEWAYS} connections",
            remedy="Set network.transit_gateway_id",
        )


def senders_fit_the_task(centers: tuple[Center, ...]) -> Problems:
    """Orthanc's configuration is part of a task definition, whose size is bounded."""
    titles = sum(len(center.ae_titles) for center in centers)
    if titles > MOST_TITLES:
        yield Problem(
            key="centers",
            value=f"{titles} AE titles",
            rule=f"a task definition holds {MOST_TITLES}",
            remedy="Let a center's devices send through one gateway with a title of its own",
        )


RULES: tuple[Rule, ...] = (clients_fit_the_firewall, gateways_fit_the_hub, senders_fit_the_task)
