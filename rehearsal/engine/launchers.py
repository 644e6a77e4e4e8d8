"""The executables that the engine starts: the language host and the provider plugins, run by the project's Python.

Standard library only, like everything that set-up imports.
"""

from __future__ import annotations

import shlex
from importlib.metadata import distributions
from pathlib import Path

from rehearsal import environment as env
from rehearsal.engine.tasks import write

PACKAGES = ("aws", "awsx", "random", "tls")


def launcher(path: Path, module: str, *arguments: str) -> None:
    """An executable at `path` that runs `module` with the project's own Python; `exec` keeps the engine its parent."""
    python = shlex.quote(str(env.VENV / "bin" / "python"))
    words = shlex.join(["-P", "-m", module, *arguments])  # -P: not from the folder it happens to start in
    text = f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(env.PROJECT))} exec {python} {words} "$@"\n'
    write(path, text, mode=0o755)


def package_versions() -> dict[str, str]:
    """Installed versions of the provider SDKs: a plugin must carry the version that its SDK asks for."""
    site = next((env.VENV / "lib").glob("python3*/site-packages"))
    found = {dist.metadata["Name"].replace("-", "_"): dist.version for dist in distributions(path=[str(site)])}
    return {package: found[f"pulumi_{package}"] for package in PACKAGES}


def provider_plugins() -> dict[str, str]:
    """Put the simulated providers where the engine looks for plugins of these versions; returns the versions."""
    versions = package_versions()
    for package, version in versions.items():
        folder = env.HOME / "plugins" / f"resource-{package}-v{version}"
        launcher(folder / f"pulumi-resource-{package}", "rehearsal.cloud", package)
    return versions
