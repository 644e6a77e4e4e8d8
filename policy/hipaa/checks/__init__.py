"""The checks, one module per area. Importing this package registers them all."""

from hipaa.checks import (
    access,
    containers,
    data,
    lifecycle,
    logs,
    network,
)

__all__ = [
    "access",
    "containers",
    "data",
    "lifecycle",
    "logs",
    "network",
]
