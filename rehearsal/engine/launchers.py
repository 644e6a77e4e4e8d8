"""The executables that the engine starts: the language host and the provider plugins, run by the project's Python.

Standard library only, like everything that set-up imports.
"""

from __future__ import annotations

import os
import shlex
from importlib.metadata import distributions
from pathlib import Path

from rehearsal import environment as env
from rehearsal.engine.tasks import write

PACKAGES = ("aws", "awsx", "docker-build", "random", "tls")


def launcher(path: Path, module: str, *arguments: str) -> None:
    """Write an executable that runs `module` with the Python of the checkout in which the executable is.

    It finds the checkout from its own path, so that a copied or moved checkout never uses the old one. `exec` keeps the
    engine its parent, and `-P` keeps the folder in which it starts off the import path.
    """
    up = shlex.quote(os.path.relpath(env.PROJECT, path.parent))
    words = shlex.join(["-P", "-m", module, *arguments])
    text = (
        "#!/bin/sh\n"
        f'project=$(CDPATH=\'\' cd -- "$(dirname -- "$0")/"{up} && pwd) || exit\n'
        f'PYTHONPATH=$project exec "$project/.venv/bin/python" {words} "$@"\n'
    )
    write(path, text, mode=0o755)


def package_versions() -> dict[str, str]:
    """Installed versions of the provider SDKs: a plugin must have the version that its SDK requests."""
    site = next((env.VENV / "lib").glob("python3*/site-packages"))
    found = {dist.metadata["Name"].replace("-", "_"): dist.version for dist in distributions(path=[str(site)])}
    return {package: found[f"pulumi_{package.replace('-', '_')}"] for package in PACKAGES}


def provider_plugins() -> dict[str, str]:
    """Install the simulated providers as plugins of these versions; returns the versions."""
    versions = package_versions()
    for package, version in versions.items():
        folder = env.HOME / "plugins" / f"resource-{package}-v{version}"
        launcher(folder / f"pulumi-resource-{package}", "rehearsal.providers", package)
    return versions
