"""Rules on networks, security groups, VPN and load balancers."""

from hipaa.checks.network import (
    firewall,
    load_balancer,
    network,
    security_groups,
    vpn,
)

__all__ = [
    "firewall",
    "load_balancer",
    "network",
    "security_groups",
    "vpn",
]
