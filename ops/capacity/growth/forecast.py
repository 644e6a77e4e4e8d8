"""The forecast of growth: at a multiple of the load and the volume, which limits are exceeded and how to raise them.

The volume of a month and the load of every period grow with the scale. Peaks are the schedule's highest load at the
sizing multiple of `Volume`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from ops.capacity.errors import CapacityError
from ops.capacity.growth.basis import Basis, usage
from ops.capacity.growth.limits import Limit, limits

MAX_SCALE = 1e9
"""Scale above which a limit counts as never reached."""


@dataclass(frozen=True, kw_only=True)
class LimitUse:
    """The usage of a limit at a scale, and the scale `at` which the limit is reached."""

    limit: Limit
    used: float
    at: float


@dataclass(frozen=True, kw_only=True)
class Growth:
    """One scale: the first limit to be reached, the exceeded limits in that order, and the cost."""

    scale: float
    first: LimitUse
    exceeded: tuple[LimitUse, ...]
    monthly: float

    def title(self, peak: float) -> str:
        """A line with the load, the cost and the first limit."""
        if not self.exceeded:
            state = f"no limit is exceeded; the first is reached at scale {self.first.at:,.3g}"
        else:
            state = f"{len(self.exceeded)} limits exceeded, first {self.first.limit.title}"
        cost = f"${self.monthly:,.0f} a month"
        return f"Scale {self.scale:,g} (load {self.scale * peak:,g}), {cost}: {state}"

    def lines(self, peak: float) -> list[str]:
        """A line for each exceeded limit, or for the first to be reached: usage, scale, kind and remedy."""
        return [
            f"{use.limit.title}: {use.used:,.4g} of {use.limit.value:,g} {use.limit.unit}, "
            f"reached at scale {use.at:,.3g} (load {use.at * peak:,.3g}); {use.limit.kind}. {use.limit.remedy}. "
            f"{use.limit.source}"
            for use in self.exceeded or (self.first,)
        ]

    def to_json(self, peak: float) -> dict[str, object]:
        """The scale as plain data."""

        def plain(use: LimitUse) -> dict[str, object]:
            return {**asdict(use.limit), "used": use.used, "met_at_scale": use.at, "met_at_load": use.at * peak}

        return {
            "scale": self.scale,
            "first": plain(self.first),
            "exceeded": [plain(use) for use in self.exceeded],
            "usd_a_month": round(self.monthly, 2),
        }


def scale_at_limit(used: Callable[[float], float], value: float) -> float:
    """The scale above which `used` exceeds `value`; infinite if it never does."""
    low, high = 0.0, 1.0
    while used(high) <= value:
        low, high = high, high * 2
        if high > MAX_SCALE:
            return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if used(middle) <= value else (low, middle)
    return low


def forecast_growth(basis: Basis, scales: Sequence[float], monthly: Callable[[float], float]) -> list[Growth]:
    """The limits and the cost, by `monthly`, at each scale. Raises CapacityError for a scale that is not above 0."""
    for scale in scales:
        if not 0 < scale < math.inf:
            raise CapacityError(f"scale {scale:g}: it must be a number above 0")
    used = usage(basis)
    bounds = limits(basis)
    points = {limit.name: scale_at_limit(used[limit.name], limit.value) for limit in bounds}
    result = []
    for scale in scales:
        reached = [LimitUse(limit=limit, used=used[limit.name](scale), at=points[limit.name]) for limit in bounds]
        reached.sort(key=lambda use: use.at)
        exceeded = tuple(use for use in reached if use.used > use.limit.value)
        result.append(Growth(scale=scale, first=reached[0], exceeded=exceeded, monthly=monthly(scale)))
    return result
