"""Runs the operators' commands as an operator does, in the rehearsal's account and on its engine."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from rehearsal.account.mirror import Account
from rehearsal.account.process import ENDPOINT
from rehearsal.environment import environment
from rehearsal.scenario.record import RehearsalError
from rehearsal.stack.driver import Rehearsal

RESTORING = 75
"""Exit code of a command that has requested objects from DEEP_ARCHIVE and must run again when they are restored."""


def account(rehearsal: Rehearsal) -> Account:
    """The account's API."""
    return Account(rehearsal.env[ENDPOINT], region(rehearsal))


def region(rehearsal: Rehearsal) -> str:
    """The stack's Region."""
    return str(rehearsal.workspace.settings(rehearsal.stack)["image-store:account"]["region"])


def ops(rehearsal: Rehearsal, *words: str) -> Any:
    """The JSON output of `python -m ops <words>`, or RehearsalError with the command's message."""
    done = run(rehearsal, *words)
    if done.returncode:
        raise RehearsalError(_format_failure(words, done))
    return _parse(done.stdout)


def ops_after_restore(rehearsal: Rehearsal, *words: str) -> Any:
    """The same for a command that reads DEEP_ARCHIVE: its first run requests the objects, the second reads them."""
    first = run(rehearsal, *words)
    if first.returncode != RESTORING:
        raise RehearsalError(f"it must request the objects of DEEP_ARCHIVE first\n{_format_failure(words, first)}")
    return ops(rehearsal, *words)


def run(rehearsal: Rehearsal, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    here = region(rehearsal)
    env = environment(rehearsal.workspace.folder) | rehearsal.env | {"AWS_REGION": here, "AWS_DEFAULT_REGION": here}
    return subprocess.run(  # noqa: S603  a command of this project
        [sys.executable, "-P", "-m", "ops", *words, "--json"],
        cwd=rehearsal.workspace.project,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError as error:
        raise RehearsalError(f"the output is not JSON: {text}") from error


def _format_failure(words: tuple[str, ...], done: subprocess.CompletedProcess[str]) -> str:
    output = "\n".join(text.strip() for text in (done.stderr, done.stdout) if text.strip())
    return f"python -m ops {' '.join(words)} (exit code {done.returncode}):\n{output}"
