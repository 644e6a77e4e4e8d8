"""A stack as it was at a Git reference."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from ops.plan.configuration import load_settings
from ops.plan.resources import Plan, PlanError
from ops.stacks import PROJECT, stack_file
from settings import Settings, SettingsError


@contextmanager
def extract_revision(reference: str, *paths: str, folder: Path = PROJECT) -> Generator[Path]:
    """A temporary copy of the project at a Git reference, or of `paths` in it; PlanError if Git refuses."""
    # `--end-of-options`: a reference that begins with a dash is no option.
    command = [shutil.which("git") or "git", "-C", str(folder), "archive", "--end-of-options", reference, *paths]
    archive = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if archive.returncode:
        raise PlanError(f"--base {reference}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as copy:
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
            files.extractall(copy, filter="data")
        yield Path(copy)


def plan_at(reference: str, stack: str, folder: Path = PROJECT) -> Plan:
    """The plan of `stack` as the program was at a Git reference; empty if the stack had no file there.

    Raises PlanError where Git does not know the reference or the program fails.
    """
    with extract_revision(reference, folder=folder) as copy:
        if not stack_file(stack, copy).exists():
            return Plan(stack=stack, urn="", resources=())
        command = [sys.executable, "-m", "ops", "plan", "--stack", stack, "--json"]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise PlanError(f"--base {reference}: stack {stack} cannot be planned there: {done.stderr.strip()}")
    return Plan.from_json(json.loads(done.stdout))


def settings_at(reference: str, stack: str, folder: Path = PROJECT) -> Settings:
    """The settings of `stack` at a Git reference; PlanError if Git refuses or this version cannot read them."""
    with extract_revision(reference, "Pulumi.yaml", stack_file(stack).name, folder=folder) as copy:
        try:
            return load_settings(stack, folder=copy)
        except SettingsError as error:
            raise PlanError(f"--base {reference}: this version cannot read the settings there: {error}") from None
