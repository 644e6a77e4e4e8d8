"""A Pulumi project for rehearsals: the real program with its own stack files, state and cloud.

The engine writes its encryption salt into the stack file of its project, as `pulumi config set` does its values. Here
these are copies: the project's own files never change, and its secrets provider is not used.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rehearsal.environment import PROJECT, TOOLS, VENV, environment

ENCRYPTION = ("secretsprovider", "encryptedkey", "encryptionsalt")
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Workspace:
    """`folder` contains the copied project, the state and the simulated cloud; `program` is the real project, and
    `stack_files` the folder of its stack files, if another.
    """

    folder: Path = TOOLS
    program: Path = PROJECT
    stack_files: Path | None = None

    @property
    def project(self) -> Path:
        """The folder in which `pulumi` runs."""
        return self.folder / "project"

    @property
    def cloud(self) -> Path:
        """The folder of the simulated cloud."""
        return self.folder / "cloud"

    @property
    def _stack_files(self) -> Path:
        return self.stack_files or self.program

    def stacks(self) -> list[str]:
        """Stacks that have a file in the program."""
        return sorted(path.name.split(".")[1] for path in self._stack_files.glob("Pulumi.*.yaml"))

    def prepare(self) -> None:
        """Create the folders and the project file; existing state and cloud stay."""
        for path in (self.project, self.folder / "state", self.cloud):
            path.mkdir(parents=True, exist_ok=True)
        settings = yaml.safe_load((self.program / "Pulumi.yaml").read_text())
        settings["main"] = str(self.program)
        settings["runtime"] = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(VENV)}}
        _dump(self.project / "Pulumi.yaml", settings)
        pack, link = self.program / "policy", self.project / "policy"
        if link.is_symlink() and link.readlink() != pack:  # of a checkout that was copied or moved
            link.unlink()
        if pack.exists() and not link.exists():
            link.symlink_to(pack)

    def configure(self, stack: str, changes: Config | None = None) -> None:
        """Copy the program's stack file with `changes` merged into its `config`; the copy keeps its own salt."""
        copy = self.project / f"Pulumi.{stack}.yaml"
        kept = yaml.safe_load(copy.read_text()) if copy.exists() else {}
        settings = yaml.safe_load((self._stack_files / copy.name).read_text()) or {}
        settings["config"] = merge(settings.get("config") or {}, changes or {})
        for key in ENCRYPTION:
            settings.pop(key, None)
        _dump(copy, settings | {key: kept[key] for key in ENCRYPTION if key in kept})

    def settings(self, stack: str) -> dict[str, Any]:
        """The stack's configuration, changes included."""
        return yaml.safe_load((self.project / f"Pulumi.{stack}.yaml").read_text())["config"]

    def create(self, stack: str) -> None:
        """Create the stack unless it exists. Raises RuntimeError with the engine's message."""
        states = self.folder / "state" / ".pulumi" / "stacks"
        if any(states.rglob(f"{stack}.json")):
            return
        done = subprocess.run(  # noqa: S603  the CLI that set-up found or built
            ["pulumi", "stack", "init", stack, "--non-interactive"],  # noqa: S607
            cwd=self.project,
            env=environment(self.folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"pulumi stack init {stack} failed:\n{done.stderr.strip()}")

    def open(self, stacks: Iterable[str]) -> None:
        """Prepare the project for these stacks, so that ordinary `pulumi` commands work in it."""
        self.prepare()
        for stack in stacks:
            self.configure(stack)
            self.create(stack)


def merge(base: Config, changes: Config) -> dict[str, Any]:
    """`base` with `changes`, group by group: a group keeps the keys that the changes do not name."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def _dump(path: Path, settings: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True))
