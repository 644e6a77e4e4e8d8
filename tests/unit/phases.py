"""Plans of the stacks in the phases of a study, each made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ops.plan import Plan, plan


@cache
def in_phase(stack: str, phase: str, folder: Path | None = None) -> Plan:
    """What `stack` declares once its phase is `phase`; no test may change it. `folder` holds other than the fixtures."""
    return plan(stack, overrides={"phase": phase}, folder=folder)
