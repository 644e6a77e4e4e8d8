"""What a person can put right about a capacity report."""

from __future__ import annotations

from ops.errors import OperatorError


class CapacityError(OperatorError):
    """A wish that cannot be met, or a plan that does not say what is asked of it."""
