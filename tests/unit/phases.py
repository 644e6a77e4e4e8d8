"""Plans of the stacks in the phases of a study, each made once."""

from __future__ import annotations

from pathlib import Path

from ops.plan import Plan
from tests.planned import plan
from tests.stack_files import FIXTURES


def in_phase(stack: str, phase: str, folder: Path = FIXTURES) -> Plan:
    """What `stack` declares once its phase is `phase`; no test may change it. `folder` holds its file."""
    return plan(stack, overrides={"phase": phase}, folder=folder)
