"""The checks, one module per area; importing this package registers them all."""

from hipaa.checks import (
    access,
    backups,
    balancer,
    containers,
    database,
    firewall,
    keys,
    lifecycle,
    network,
    security_groups,
    storage,
    storage_data,
    storage_files,
    vpn,
)

__all__ = [
    "access",
    "backups",
    "balancer",
    "containers",
    "database",
    "firewall",
    "keys",
    "lifecycle",
    "network",
    "security_groups",
    "storage",
    "storage_data",
    "storage_files",
    "vpn",
]
