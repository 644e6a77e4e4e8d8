"""The error of a cost that cannot be calculated."""

from __future__ import annotations

import pulumi


class CostError(pulumi.RunError):
    """A resource without a price, a broken price file, impossible usage, or options that contradict each other."""
