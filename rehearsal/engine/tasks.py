"""Runs the steps of set-up: each once for its inputs, with progress, and with a next step when it fails.

Standard library only, like everything that set-up imports.
"""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.remedies import find_remedy

HEARTBEAT = 30  # seconds


class SetupError(RuntimeError):
    """Set-up cannot continue; the message ends with the next step."""

    def __init__(self, problem: str, *, next_step: str) -> None:
        super().__init__(f"{problem}\nNext step: {next_step}")


def say(text: str) -> None:
    """Print a line of progress."""
    sys.stdout.write(f"setup: {text}\n")
    sys.stdout.flush()


def run(
    command: list[str], *, next_step: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Run `command`, with a line of progress every half minute; a failure shows its last lines and the next step."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            process = subprocess.Popen(  # noqa: S603  commands are fixed in this package
                command, env=environment, cwd=cwd, stdout=output, stderr=subprocess.STDOUT
            )
        except OSError as error:
            remedy = find_remedy(error) or next_step
            raise SetupError(f"{command[0]}: {error.strerror}", next_step=remedy) from error
        with process:
            _wait(process, started)
        if process.returncode:
            output.seek(0)
            tail = "\n".join(output.read().splitlines()[-15:])
            raise SetupError(f"`{shlex.join(command)}` failed:\n{tail}", next_step=find_remedy(tail) or next_step)


def _wait(process: subprocess.Popen[bytes], started: float) -> None:
    while True:
        try:
            process.wait(HEARTBEAT)
        except subprocess.TimeoutExpired:
            say(f"  … still running after {time.monotonic() - started:.0f} s")
        else:
            return


def fingerprint(*parts: Path | str) -> str:
    """A digest of the contents of these files and texts."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def run_unless_current(result: Path, mark: str, action: Callable[[], None]) -> bool:
    """Run `action`, which creates `result`, unless it has run for this `mark`. True if it has run now."""
    stamp = result.with_name(f"{result.name}.mark")
    if result.exists() and stamp.exists() and stamp.read_text() == mark:
        return False
    stamp.unlink(missing_ok=True)
    result.parent.mkdir(parents=True, exist_ok=True)
    action()
    stamp.write_text(mark)
    return True


def write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file with this text and mode, unless it has them already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
