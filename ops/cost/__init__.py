"""What a stack costs: `estimate(plan, settings)` prices a plan, at any usage and load. Nothing here asks AWS but
`refresh`.
"""

from ops.cost.errors import CostError
from ops.cost.estimate import estimate
from ops.cost.model import Classified, Estimate, Line
from ops.cost.prices import PriceBook
from ops.cost.usage import BAND, Usage

__all__ = ["BAND", "Classified", "CostError", "Estimate", "Line", "PriceBook", "Usage", "estimate"]
