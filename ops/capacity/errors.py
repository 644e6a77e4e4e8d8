"""The error of a capacity calculation."""

from __future__ import annotations


class CapacityError(Exception):
    """An option out of range, or a plan whose scaling cannot be simulated."""
