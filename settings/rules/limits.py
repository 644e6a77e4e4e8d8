"""AWS quotas that a long list of centers could exceed."""

from __future__ import annotations

from layout.acls import MAX_PEERS, covering_cidrs
from settings.models import Center, Exposure, Network
from settings.rules.problem import Problem, Problems, Rule

MAX_NETWORKS = 50
"""Of the 60 rules of a security group; the others are for the client VPN and the health checks.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups"""

MAX_GATEWAYS = 10
"""VPN connections of one VPN gateway; https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html"""

MAX_TITLES = 150
"""AE titles: each is a modality in Orthanc's configuration, and a task definition has 64 KiB.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""


def clients_fit_the_security_group(exposure: Exposure, centers: tuple[Center, ...]) -> Problems:
    """Every client network is a rule of the load balancer's security group, and of its subnets' network ACL."""
    public = exposure.kind == "public"
    key = "exposure.allow" if public else "centers"
    networks = exposure.allow if public else tuple(block for center in centers for block in center.networks)
    if len(networks) > MAX_NETWORKS:
        yield Problem(
            key=key,
            value=f"{len(networks)} networks",
            rule=f"a security group takes {MAX_NETWORKS} of them",
            remedy="Name larger networks that hold several",
        )
    elif len(covering_cidrs(networks)) > MAX_PEERS:
        yield Problem(
            key=key,
            value=f"{len(covering_cidrs(networks))} separate networks",
            rule=f"the network ACL takes {MAX_PEERS} that are not private",
            remedy="Name larger networks that hold several, or use private ones",
        )


def gateways_fit_the_attachment(network: Network, centers: tuple[Center, ...]) -> Problems:
    """A VPN gateway has a small quota of connections; a transit gateway accepts thousands."""
    gateways = sum(center.gateway is not None for center in centers)
    if gateways > MAX_GATEWAYS and network.transit_gateway_id is None:
        yield Problem(
            key="centers",
            value=f"{gateways} gateways",
            rule=f"a VPN gateway takes {MAX_GATEWAYS} connections",
            remedy="Set network.transit_gateway_id",
        )


def senders_fit_the_task(centers: tuple[Center, ...]) -> Problems:
    """Orthanc's configuration is part of a task definition, which has a maximum size."""
    titles = sum(len(center.ae_titles) for center in centers)
    if titles > MAX_TITLES:
        yield Problem(
            key="centers",
            value=f"{titles} AE titles",
            rule=f"a task definition holds {MAX_TITLES}",
            remedy="Let a center's devices send through one gateway with a title of its own",
        )


RULES: tuple[Rule, ...] = (clients_fit_the_security_group, gateways_fit_the_attachment, senders_fit_the_task)
