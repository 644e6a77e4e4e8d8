"""Where tests read stack files.

Tests read fixtures, so that whoever adopts the project changes its own stack files and breaks no test. The deployable
files are held to what holds for any stack: they load, and they keep the contracts and the policies.
"""

from __future__ import annotations

from pathlib import Path

from ops.plan.configuration import PROJECT

FIXTURES = Path(__file__).parent / "stacks"
DEPLOYABLE = PROJECT
