"""The checks, one module per area; importing this package registers them all."""

from hipaa.checks import access, balancer, containers, firewall, keys, lifecycle, network, security_groups, vpn

__all__ = ["access", "balancer", "containers", "firewall", "keys", "lifecycle", "network", "security_groups", "vpn"]
