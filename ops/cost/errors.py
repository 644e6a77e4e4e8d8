"""What stops a calculation of cost."""

from __future__ import annotations

import pulumi


class CostError(pulumi.RunError):
    """Cost that cannot be calculated: a resource without a price, a price file that is broken, usage that is absurd."""
