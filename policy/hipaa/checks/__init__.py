"""The checks, one module per area; importing this package registers them all."""

from hipaa.checks import access, keys, lifecycle, network

__all__ = ["access", "keys", "lifecycle", "network"]
