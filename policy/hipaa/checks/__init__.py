"""The checks, one module per area; importing this package registers them all."""

from hipaa.checks import network

__all__ = ["network"]
