"""May a stack be destroyed? The workflow runs `python -m ops.study.destroy_check --stack S --study ID` twice.

It asks three things: that the study typed by hand is the stack's, that its phase is `archived`, and that nothing is
lost by it, which `python -m ops teardown --check` finds out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ops.plan.configuration import PROJECT, configuration, project_name
from ops.plan.resources import PlanError


def objections(stack: str, study: str, folder: Path = PROJECT) -> list[str]:
    """What the stack's settings say against it; PlanError if there is no such stack."""
    project = project_name(folder)
    settings = configuration(stack, folder=folder)
    found = []
    expected = (settings.get(f"{project}:study") or {}).get("id")
    if study != expected:
        found.append(f"the study of {stack} is not {study!r}: type the id that Pulumi.{stack}.yaml names")
    phase = settings.get(f"{project}:phase", "active")
    if phase != "archived":
        found.append(f"the phase of {stack} is {phase}: set {project}:phase to archived, deploy, and ask again")
    return found


def unarchived(stack: str, ops: Sequence[str] = (sys.executable, "-m", "ops")) -> list[str]:
    """What the archive and the backups say against it; an objection too if they cannot be asked."""
    if _run(*ops, "teardown", "--help").returncode:
        return ["`python -m ops teardown` does not exist in this version: nothing is destroyed without its check"]
    checked = _run(*ops, "teardown", "--check", "--stack", stack)
    return [f"teardown --check:\n{(checked.stdout + checked.stderr).strip()}"] if checked.returncode else []


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603  our own


def main(arguments: list[str] | None = None) -> int:
    """0 when nothing speaks against it; else every objection, and 1."""
    parser = argparse.ArgumentParser(prog="python -m ops.study.destroy_check", description=__doc__.splitlines()[0])
    parser.add_argument("--stack", required=True)
    parser.add_argument("--study", required=True)
    given = parser.parse_args(arguments)
    try:
        found = objections(given.stack, given.study) or unarchived(given.stack)
    except PlanError as error:
        found = [str(error)]
    for objection in found:
        sys.stderr.write(f"not destroyed: {objection}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
