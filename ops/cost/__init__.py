"""The monthly cost of a stack: `estimate(plan, settings)` prices a plan at any usage and load.

Only `prices.refresh` calls AWS; everything else works offline.
"""

from ops.cost.errors import CostError
from ops.cost.estimate import estimate
from ops.cost.model import ClassifiedResource, Estimate, Line
from ops.cost.prices.book import PriceBook
from ops.cost.usage.quantities import BAND, Usage

__all__ = ["BAND", "ClassifiedResource", "CostError", "Estimate", "Line", "PriceBook", "Usage", "estimate"]
