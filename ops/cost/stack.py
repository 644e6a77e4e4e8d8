"""The settings of a stack, today or at a Git reference."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ops.cost.errors import CostError
from ops.plan.configuration import PROJECT, configuration
from settings import Settings, SettingsError


def settings_of(stack: str, overrides: Mapping[str, object] | None = None, *, folder: Path | None = None) -> Settings:
    """The settings of a stack. Raises SettingsError if they break a rule."""
    prefix = f"{Settings.NAMESPACE}:"
    values = {
        key.removeprefix(prefix): value
        for key, value in configuration(stack, overrides, folder=folder).items()
        if key.startswith(prefix)
    }
    return Settings.parse(values, stack=stack)


def settings_at(reference: str, stack: str, folder: Path = PROJECT) -> Settings:
    """The settings of a stack at a Git reference. Raises CostError if this version cannot read them."""
    files = ["Pulumi.yaml", f"Pulumi.{stack}.yaml"]
    command = [shutil.which("git") or "git", "-C", str(folder), "archive", "--end-of-options", reference, *files]
    archive = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if archive.returncode:
        raise CostError(f"--base {reference}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as checkout:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files_at_reference:
            files_at_reference.extractall(checkout, filter="data")
        try:
            return settings_of(stack, folder=Path(checkout))
        except SettingsError as error:
            raise CostError(f"--base {reference}: this version cannot read the settings there: {error}") from None
