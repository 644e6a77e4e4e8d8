"""`python -m rehearsal`: the real Pulumi engine on the simulated AWS."""

from __future__ import annotations

import sys

from rehearsal.environment import PROJECT, VENV

NEXT_STEP = f"Next step: run `make setup` in {PROJECT}, then use {VENV / 'bin' / 'python'} -m rehearsal"

if __name__ == "__main__":
    try:
        from rehearsal.app import app
    except ModuleNotFoundError as error:
        sys.exit(f"This Python has no module {error.name}.\n{NEXT_STEP}")
    app()
