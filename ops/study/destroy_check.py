"""Checks whether a stack may be destroyed. The destroy workflow runs it twice.

    python -m ops.study.destroy_check --stack S --study ID

The study given must be the stack's, its phase must be `archived`, and `python -m ops teardown --check` must pass.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ops.plan.configuration import PROJECT, configuration, project_name
from ops.plan.resources import PlanError


def settings_blockers(stack: str, study: str, folder: Path = PROJECT) -> list[str]:
    """Blockers in the stack's settings; PlanError if there is no such stack."""
    project = project_name(folder)
    settings = configuration(stack, folder=folder)
    blockers = []
    expected = (settings.get(f"{project}:study") or {}).get("id")
    if study != expected:
        blockers.append(f"the study of {stack} is not {study!r}: type the id in Pulumi.{stack}.yaml")
    phase = settings.get(f"{project}:phase", "active")
    if phase != "archived":
        blockers.append(f"the phase of {stack} is {phase}: set {project}:phase to archived, deploy, and check again")
    return blockers


def teardown_blockers(stack: str, ops: Sequence[str] = (sys.executable, "-m", "ops")) -> list[str]:
    """Blockers that `teardown --check` finds in AWS; also one if it cannot run."""
    if _run(*ops, "teardown", "--help").returncode:
        return ["`python -m ops teardown` does not exist in this version, and nothing is destroyed without its check"]
    checked = _run(*ops, "teardown", "--check", "--stack", stack)
    return [f"teardown --check:\n{(checked.stdout + checked.stderr).strip()}"] if checked.returncode else []


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603  our own


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if there is no blocker; otherwise prints all of them and returns 1."""
    parser = argparse.ArgumentParser(prog="python -m ops.study.destroy_check", description=__doc__.splitlines()[0])
    parser.add_argument("--stack", required=True)
    parser.add_argument("--study", required=True)
    options = parser.parse_args(arguments)
    try:
        blockers = settings_blockers(options.stack, options.study) or teardown_blockers(options.stack)
    except PlanError as error:
        blockers = [str(error)]
    for blocker in blockers:
        sys.stderr.write(f"not destroyed: {blocker}\n")
    return 1 if blockers else 0


if __name__ == "__main__":
    sys.exit(main())
