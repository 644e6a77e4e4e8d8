"""What a stack declares, without any cloud: a library that cost, controls, reviews and tests read.

Other packages import from here only; the modules of this package are private.
"""

from ops.plan.cli_yaml import read as read_yaml
from ops.plan.configuration import configuration, load_settings, project_name, stacks
from ops.plan.outputs import resource_class
from ops.plan.program import RecorderMaker, plan, record
from ops.plan.recorder import Recorder
from ops.plan.resources import (
    COMPONENT_PREFIX,
    PROVIDER_PREFIX,
    STACK_TYPE,
    Plan,
    PlanError,
    PlannedResource,
    Reference,
)
from ops.plan.revision import extract_revision, plan_at, settings_at
from ops.plan.wire import SECRET, UNKNOWN, mark_secret
from ops.stacks import PROJECT, stack_file

__all__ = [
    "COMPONENT_PREFIX",
    "PROJECT",
    "PROVIDER_PREFIX",
    "SECRET",
    "STACK_TYPE",
    "UNKNOWN",
    "Plan",
    "PlanError",
    "PlannedResource",
    "Recorder",
    "RecorderMaker",
    "Reference",
    "configuration",
    "extract_revision",
    "load_settings",
    "mark_secret",
    "plan",
    "plan_at",
    "project_name",
    "read_yaml",
    "record",
    "resource_class",
    "settings_at",
    "stack_file",
    "stacks",
]
