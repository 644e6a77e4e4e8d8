"""The operators' own commands, run as an operator runs them: in the rehearsal's account and on its engine."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from rehearsal.account.mirror import Account
from rehearsal.account.process import ENDPOINT, credentials
from rehearsal.driver import Rehearsal
from rehearsal.environment import environment
from rehearsal.record import RehearsalFailed

ASLEEP = 75
"""Exit code of commands that wait for objects to come back from DEEP_ARCHIVE."""


def account(rehearsal: Rehearsal) -> Account:
    """The account's API."""
    return Account(rehearsal.env[ENDPOINT], region(rehearsal))


def region(rehearsal: Rehearsal) -> str:
    """The stack's Region."""
    return str(rehearsal.workspace.settings(rehearsal.stack)["image-store:account"]["region"])


def ops(rehearsal: Rehearsal, *words: str) -> Any:
    """What `python -m ops <words> --json` answers. RehearsalFailed with the command's own message."""
    done = run(rehearsal, *words)
    if done.returncode:
        raise RehearsalFailed(_told(words, done))
    return _parsed(done.stdout)


def ops_awake(rehearsal: Rehearsal, *words: str) -> Any:
    """The same of a command that reads DEEP_ARCHIVE: it asks for the objects, and finds them when it is run again."""
    first = run(rehearsal, *words)
    if first.returncode != ASLEEP:
        raise RehearsalFailed(f"objects of DEEP_ARCHIVE must be asked for first\n{_told(words, first)}")
    return ops(rehearsal, *words)


def run(rehearsal: Rehearsal, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, ended."""
    env = environment(rehearsal.workspace.folder) | rehearsal.env
    return subprocess.run(  # noqa: S603  our own
        [sys.executable, "-P", "-m", "ops", *words, "--json"],
        cwd=rehearsal.workspace.project,
        env=env | credentials(rehearsal.env[ENDPOINT], region(rehearsal)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError as error:
        raise RehearsalFailed(f"no JSON: {text}") from error


def _told(words: tuple[str, ...], done: subprocess.CompletedProcess[str]) -> str:
    said = "\n".join(text.strip() for text in (done.stderr, done.stdout) if text.strip())
    return f"python -m ops {' '.join(words)} (exit code {done.returncode}):\n{said}"
