"""What a stack declares, without any cloud: a library that cost, controls, reviews and tests read."""

from ops.plan.configuration import configuration
from ops.plan.program import plan, record
from ops.plan.recorder import Recorder
from ops.plan.resources import Plan, PlanError, PlannedResource, Reference

__all__ = ["Plan", "PlanError", "PlannedResource", "Recorder", "Reference", "configuration", "plan", "record"]
