"""A rendered task as a process of this machine: its own entry point and environment, with paths replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

IMAGES = Path(__file__).parents[2] / "images"
EXIT_SECONDS = 10


class ProcessError(RuntimeError):
    """A process cannot be started, or ended unexpectedly."""


class Container:
    """Runs the entry point of `images/<image>` in `folder`.

    `replacements` maps texts of the entry point and the environment to those for this machine. A text that occurs in
    neither is a ProcessError, so that no replacement is left over when the image changes. `log` collects the output of
    all starts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        image: str,
        environment: Mapping[str, str],
        replacements: Mapping[str, str],
        search_path: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder, self.log = folder, folder / "log"
        self.log.touch()
        script = (IMAGES / image / "entrypoint.sh").read_text(encoding="utf-8")
        unused = [text for text in replacements if text not in script and text not in "".join(environment.values())]
        if unused:
            raise ProcessError(f"the entry point and environment of {image} do not contain {unused}")
        self.entry = folder / "entrypoint.sh"
        self.entry.write_text(_replace(script, replacements))
        self.entry.chmod(0o755)
        search = [*([str(search_path)] if search_path else []), os.environ["PATH"]]
        self.environment = {"PATH": ":".join(search), "LC_ALL": "C.UTF-8"} | {
            name: _replace(value, replacements) for name, value in environment.items()
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process, and returns before it is healthy."""
        if self.is_running:
            raise ProcessError(f"{self.folder.name} is already running")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.entry)],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not exited."""
        return self.process is not None and self.process.poll() is None

    def is_healthy(self) -> bool:
        """The result of the health check."""
        raise NotImplementedError

    def wait(self, timeout: float = 30) -> None:
        """Waits until the health check passes. TimeoutError with the log if it does not, ProcessError after an exit."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.is_healthy():
                return
            if not self.is_running:
                status = self._has_started().returncode
                raise ProcessError(f"{self.folder.name} exited with status {status}: {self.log.read_text()}")
            time.sleep(0.05)
        raise TimeoutError(f"{self.folder.name} is not healthy after {timeout} s: {self.log.read_text()}")

    def wait_for_exit(self, timeout: float = EXIT_SECONDS) -> int:
        """The exit status, once the process has exited by itself."""
        return self._has_started().wait(timeout)

    @property
    def pid(self) -> int:
        """Its process id: the entry point replaces itself by the program it starts."""
        return self._has_started().pid

    @property
    def process_ids(self) -> list[int]:
        """Ids of its process and of all descendants."""
        found = [self.pid]
        for pid in found:  # grows as children are found
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal to its process."""
        self._has_started().send_signal(number)

    def kill(self) -> None:
        """Kills it with its workers, as the loss of a host would."""
        if self.is_running:
            os.killpg(self.pid, signal.SIGKILL)
        self.wait_for_exit()

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout: float = 60) -> int:
        """Stops it gracefully and returns its exit status."""
        self.send_signal(number)
        return self.wait_for_exit(timeout)

    def _has_started(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise ProcessError(f"{self.folder.name} was never started")
        return self.process


def _replace(text: str, replacements: Mapping[str, str]) -> str:
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text
