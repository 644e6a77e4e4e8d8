"""Plans of the stacks in the phases of a study, each made once."""

from __future__ import annotations

from functools import cache

from ops.plan import Plan, plan


@cache
def in_phase(stack: str, phase: str) -> Plan:
    """What `stack` declares once its phase is `phase`; no test may change it."""
    return plan(stack, overrides={"phase": phase})
