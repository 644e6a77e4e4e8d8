"""The error of a capacity calculation."""

from __future__ import annotations

from ops.errors import OperatorError


class CapacityError(OperatorError):
    """An option out of range, or a plan whose scaling cannot be simulated."""
