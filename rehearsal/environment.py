"""Where the rehearsal keeps its tools and state, and the environment in which `pulumi` and `ops` find them.

Standard library only: set-up imports it before anything is installed.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from awsmodel.paths import TABLES

PROJECT = Path(__file__).resolve().parent.parent
TOOLS = PROJECT / ".rehearsal"
VENV = PROJECT / ".venv"
BIN = TOOLS / "bin"
HOME = TOOLS / "pulumi-home"
PASSPHRASE = TOOLS / "passphrase"
OFFICIAL = TOOLS / "official-bundle"
"""A file with the folder of the official Pulumi bundle, if set-up found one of the pinned version."""

ACCOUNT_PORT = "account-port"
"""The file in a rehearsal's folder that holds the port of its account's API while that runs."""

FOREIGN = ("AWS_", "PULUMI_")
NOWHERE = "http://127.0.0.1:9"
"""An address that refuses connections, for AWS calls while no account is rehearsed."""


def is_set_up() -> bool:
    """Whether set-up has finished here: the engine, its passphrase, the provider plugins and their tables exist."""
    parts = (PASSPHRASE, HOME / "plugins", TABLES)
    return all(part.exists() for part in parts) and shutil.which("pulumi", path=search_path()) is not None


def search_path(inherited: str = "") -> str:
    """PATH with the chosen CLI, the built tools and the project's Python first."""
    official = [OFFICIAL.read_text().strip()] if OFFICIAL.exists() else []
    ours = [*official, str(BIN), str(VENV / "bin")]
    others = [folder for folder in inherited.split(os.pathsep) if folder and folder not in ours]
    return os.pathsep.join([*ours, *others])


def account_endpoint(folder: Path) -> str | None:
    """Address of the account's API of the rehearsal in `folder`, while it runs."""
    try:
        return f"http://127.0.0.1:{int((folder / ACCOUNT_PORT).read_text())}"
    except (OSError, ValueError):
        return None


def aws_variables(folder: Path) -> dict[str, str]:
    """AWS settings with which no tool can reach a real account; keys are set only where an account is rehearsed."""
    endpoint = account_endpoint(folder)
    keys = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"} if endpoint else {}
    return {
        "AWS_ENDPOINT_URL": endpoint or NOWHERE,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **keys,
    }


def variables(folder: Path = TOOLS) -> dict[str, str]:
    """Variables for the rehearsal in `folder`; the user's own Pulumi and AWS settings are not used."""
    return {
        "PULUMI_HOME": str(HOME),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(PASSPHRASE),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_PYTHON_CMD": str(VENV / "bin" / "python"),
        "PYTHONPATH": str(PROJECT),
        "IMAGE_STORE_PROJECT": str(folder / "project"),
        "IMAGE_STORE_CLOUD": str(folder / "cloud"),
        **aws_variables(folder),
        # Every process is local: no telemetry, no proxy.
        "OTEL_SDK_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def environment(folder: Path = TOOLS) -> dict[str, str]:
    """The process environment for the rehearsal in `folder`, without the user's AWS and Pulumi settings."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    return inherited | variables(folder) | {"PATH": search_path(inherited.get("PATH", os.defpath))}


def shell_script(folder: Path = TOOLS) -> str:
    """Commands that give a shell the same environment and mark its prompt; `rehearsal/env` evaluates them."""
    ours = variables(folder) | {"PATH": search_path(os.environ.get("PATH", os.defpath))}
    removed = [key for key in os.environ if key.startswith(FOREIGN) and key not in ours]
    lines = [
        *(f"unset {key}" for key in sorted(removed)),
        *(f"export {key}={shlex.quote(value)}" for key, value in ours.items()),
        'case "$-${PS1-}" in *i*"(rehearsal) "*) ;; *i*) PS1="(rehearsal) ${PS1-}" ;; esac',
    ]
    return "".join(f"{line}\n" for line in lines)
