"""User namespaces, for programs that refuse to run as root: root becomes nobody and still owns its files."""

from __future__ import annotations

import subprocess

NOBODY = 65534
UNSHARE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")


def namespace_command() -> list[str]:
    """The prefix of a command that runs as nobody in a user namespace; empty where namespaces are not allowed."""
    allowed = subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    return [*UNSHARE] if allowed else []
