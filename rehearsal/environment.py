"""Where the rehearsal keeps its tools and state, and the environment in which `pulumi` finds them.

Standard library only: set-up imports it before anything is installed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TOOLS = PROJECT / ".rehearsal"
VENV = PROJECT / ".venv"
BIN = TOOLS / "bin"
HOME = TOOLS / "pulumi-home"
PASSPHRASE = TOOLS / "passphrase"
ENV_FILE = TOOLS / "env.sh"

BUNDLE = ("pulumi", "pulumi-language-python")
FOREIGN = ("AWS_", "PULUMI_")


def official_bundle() -> Path | None:
    """Folder of the official Pulumi bundle on PATH: the CLI with its Python language host beside it."""
    paths = [folder for folder in os.get_exec_path() if Path(folder).resolve() != BIN]
    found = {shutil.which(tool, path=os.pathsep.join(paths)) for tool in BUNDLE}
    folders = {Path(path).resolve().parent for path in found if path}
    return folders.pop() if None not in found and len(folders) == 1 else None


def variables(folder: Path = TOOLS) -> dict[str, str]:
    """What the engine needs to know for the rehearsal in `folder`; the user's own Pulumi set-up stays out of it."""
    return {
        "PULUMI_HOME": str(HOME),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(PASSPHRASE),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_PYTHON_CMD": str(VENV / "bin" / "python"),
        "PYTHONPATH": str(PROJECT),
        "IMAGE_STORE_PROJECT": str(PROJECT),
        "IMAGE_STORE_CLOUD": str(folder / "cloud"),
        # Every process here is local; telemetry and proxies have no business in it.
        "OTEL_SDK_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def environment(folder: Path = TOOLS) -> dict[str, str]:
    """The process environment for `pulumi`, without any AWS credential or foreign Pulumi setting."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    path = os.pathsep.join([str(BIN), str(VENV / "bin"), inherited.get("PATH", os.defpath)])
    return inherited | variables(folder) | {"PATH": path}


def shell_script() -> str:
    """The same for a shell to read: what `. rehearsal/env` sources."""
    prefixes = "|".join(f"{prefix}*" for prefix in FOREIGN)
    unset = (
        "for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z_0-9]*\\)=.*/\\1/p'); do\n"
        f'    case "$name" in {prefixes}) unset "$name" ;; esac\n'
        "done\n"
    )
    exports = "".join(f"export {key}='{value}'\n" for key, value in variables().items())
    return f"{unset}{exports}export PATH='{BIN}:{VENV / 'bin'}':\"$PATH\"\n"
