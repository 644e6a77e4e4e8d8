"""One stack in its own workspace, from `up` to `destroy`: `make rehearse` and the engine's tests use it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rehearsal.environment import PROJECT, TOOLS, environment
from rehearsal.stack.operations import EngineError, Operation, Result, Watcher
from rehearsal.stack.workspace import Config, Workspace, merge


class Rehearsal:
    """A stack of `program` on the simulated AWS, in `folder`.

    `stack_files` is the folder of the stack file, if not `program`. `config` is merged into the file's; `env` is passed
    to the engine and its plugins (REHEARSAL_FAULT, say). Commands raise EngineError when the engine fails, unless
    `check=False` requests the result.
    """

    def __init__(
        self,
        stack: str = "dev",
        *,
        folder: Path | None = None,
        program: Path = PROJECT,
        stack_files: Path | None = None,
        config: Config | None = None,
        env: Mapping[str, str] | None = None,
        policies: bool = True,
    ) -> None:
        self.stack = stack
        self.workspace = Workspace(folder or TOOLS / "runs" / stack, program, stack_files)
        self.env = dict(env or {})
        self._config = dict(config or {})
        self._policies = policies
        self._number = 0

    def start_over(self) -> Rehearsal:
        """Delete state and cloud, and create an empty stack."""
        shutil.rmtree(self.workspace.folder, ignore_errors=True)
        self.workspace.prepare()
        self.configure({})
        self.workspace.create(self.stack)
        return self

    def configure(self, changes: Config) -> None:
        """Merge these changes into the stack's configuration."""
        self._config = merge(self._config, changes)
        self.workspace.configure(self.stack, self._config)

    @property
    def account(self) -> str:
        """The AWS account that the stack's settings name."""
        return str(self.workspace.settings(self.stack)["image-store:account"]["id"])

    def up(self, *, check: bool = True, watcher: Watcher | None = None) -> Result:
        """Deploy."""
        return self._finish(self.start("up", "--yes", "--skip-preview", *self._pack()), check=check, watcher=watcher)

    def preview(self, *, expect_no_changes: bool = False, check: bool = True, watcher: Watcher | None = None) -> Result:
        """Show what `up` would change."""
        expected = ["--expect-no-changes"] if expect_no_changes else []
        return self._finish(self.start("preview", *expected, *self._pack()), check=check, watcher=watcher)

    def refresh(self, *, check: bool = True, watcher: Watcher | None = None) -> Result:
        """Update the state from the cloud."""
        return self._finish(self.start("refresh", "--yes", "--skip-preview"), check=check, watcher=watcher)

    def destroy(self, *, check: bool = True, watcher: Watcher | None = None) -> Result:
        """Delete everything that is not retained, after a preview that would find protected resources."""
        return self._finish(self.start("destroy", "--yes"), check=check, watcher=watcher)

    def start(self, command: str, *arguments: str) -> Operation:
        """Start a command of the engine, which the caller can wait for, interrupt or kill."""
        self._number += 1
        return Operation(
            [command, *arguments, "--stack", self.stack, "--non-interactive", "--suppress-progress"],
            cwd=self.workspace.project,
            environment=self._environment(),
            log=self.workspace.folder / f"{self._number:02}-{command}.jsonl",
        )

    def unlock(self) -> None:
        """Unlock the stack after the engine was killed."""
        self._output("pulumi", "cancel", "--yes", "--stack", self.stack)

    def resources(self) -> list[dict[str, Any]]:
        """Resources in the state, as `pulumi stack export` shows them, with encrypted secrets."""
        return self._export()

    def export_with_secrets(self) -> list[dict[str, Any]]:
        """Resources in the state, with secrets in plain text."""
        return self._export("--show-secrets")

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Apply `change` to each resource in the state, as a refresh does after changes in the cloud."""
        state = json.loads(self._output("pulumi", "stack", "export", "--stack", self.stack))
        for resource in state["deployment"].get("resources", []):
            change(resource)
        file = self.workspace.folder / "edited.json"
        file.write_text(json.dumps(state))
        self._output("pulumi", "stack", "import", "--stack", self.stack, "--file", str(file))

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets masked."""
        return json.loads(self._output("pulumi", "stack", "output", "--json", "--stack", self.stack))

    def cloud(self) -> list[dict[str, Any]]:
        """Resources that exist in the simulated cloud."""
        folder = str(self.workspace.cloud)
        return json.loads(self._output(sys.executable, "-m", "rehearsal.cloud", "list", "--cloud", folder, "--json"))

    def _export(self, *options: str) -> list[dict[str, Any]]:
        state = json.loads(self._output("pulumi", "stack", "export", "--stack", self.stack, *options))
        return state["deployment"].get("resources", [])

    def _finish(self, operation: Operation, *, check: bool, watcher: Watcher | None) -> Result:
        result = operation.wait(watcher)
        if check and result.exit_code:
            raise EngineError(result)
        return result

    def _pack(self) -> list[str]:
        pack = self.workspace.program / "policy"
        return ["--policy-pack", str(pack)] if self._policies and (pack / "PulumiPolicy.yaml").exists() else []

    def _environment(self) -> dict[str, str]:
        return environment(self.workspace.folder) | self.env

    def _output(self, *command: str) -> str:
        done = subprocess.run(  # noqa: S603  tools of this checkout
            command, cwd=self.workspace.project, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
        return done.stdout
