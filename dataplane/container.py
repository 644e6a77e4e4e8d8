"""A rendered task as a process of this machine: its own entry point and environment, with places of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509

from ops.render import RenderedTask
from ops.render.files import IMAGES


class Container:
    """Runs the entry point of `images/<image>` in `folder`. `places` replaces paths and addresses in it and in its
    environment; one that stands nowhere is an error, so that none outlives what it was for.

    `log` is what it writes to standard output and error, over all its starts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        image: str,
        environment: Mapping[str, str],
        places: Mapping[str, str],
        path: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder, self.log = folder, folder / "log"
        self.log.touch()
        script = (IMAGES / image / "entrypoint.sh").read_text(encoding="utf-8")
        unused = [place for place in places if place not in script and place not in "".join(environment.values())]
        assert not unused, f"{image} has no {unused}"
        self.entry = folder / "entrypoint.sh"
        self.entry.write_text(_replaced(script, places))
        self.entry.chmod(0o755)
        search = [*([str(path)] if path else []), os.environ["PATH"]]
        self.environment = {"PATH": ":".join(search), "LC_ALL": "C.UTF-8"} | {
            name: _replaced(value, places) for name, value in environment.items()
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; nothing is ready when this returns."""
        assert not self.running, "it runs already"
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
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def healthy(self) -> bool:
        """What whoever watches it asks."""
        raise NotImplementedError

    def wait(self, timeout: float = 30) -> None:
        """Waits until it is healthy; TimeoutError with its log if it does not become so."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.healthy():
                return
            assert self.running, f"it exited with {self.process and self.process.returncode}: {self.log.read_text()}"
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text())

    @property
    def processes(self) -> list[int]:
        """Its process and all below it."""
        assert self.process is not None
        found = [self.process.pid]
        for pid in found:  # grows as children are found
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to it."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Ends it at once, workers included, as a host that is gone."""
        assert self.process is not None
        if self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout: float = 60) -> int:
        """Ends it in good order and returns its exit status."""
        assert self.process is not None
        self.send(number)
        return self.process.wait(timeout)


def _replaced(text: str, places: Mapping[str, str]) -> str:
    for there, here in places.items():
        text = text.replace(there, here)
    return text


def certificate_name(task: RenderedTask) -> str:
    """The name that a task's server certificate is for."""
    certificate = x509.load_pem_x509_certificate(json.loads(task.secrets["TLS_BUNDLE"])["certificate"].encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)[0]
