"""Sets everything up on a fresh machine: `python3 -m rehearsal.engine.setup`, which is what `make setup` calls.

What is there and current is left alone, so that it may run before every command. Every failure names the next step.
Standard library only, Python 3.11 or newer.
"""

from __future__ import annotations

import secrets
import sys
import time

from rehearsal import environment as env
from rehearsal.engine import cli, linting
from rehearsal.engine.launchers import provider_plugins
from rehearsal.engine.tasks import SetupError, fingerprint, run, say, unless_current, write

PYTHON_MINIMUM = (3, 11)
REQUIREMENTS = ("constraints.txt", "requirements.txt", "requirements-dev.txt")
TABLE_SOURCES = {".py", ".yaml", ".json"}


def python_packages() -> None:
    """`.venv` with every pinned package; made anew for another interpreter, brought up to date for other pins."""
    python = env.VENV / "bin" / "python"

    def create() -> None:
        venv = [sys.executable, "-m", "venv", "--clear", str(env.VENV)]
        run(venv, next_step="install Python's venv module (on Debian: apt install python3-venv)")

    def install() -> None:
        say("installing Python packages into .venv (about a minute)")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(
            [*pip, "--requirement", "requirements-dev.txt"],
            cwd=env.PROJECT,
            next_step="correct the pins that it names, or the connection to the package index; then `make setup` again",
        )

    pins = [env.PROJECT / name for name in REQUIREMENTS]
    unless_current(python, sys.version, create)
    fresh = unless_current(env.VENV / "lib", fingerprint(sys.version, *pins), install)
    say(f"Python: {sys.version.split()[0]}, packages in .venv {'installed' if fresh else 'current'}")


def engine_environment() -> None:
    """State folders, passphrase and the variables that `. rehearsal/env` reads."""
    for folder in (env.TOOLS / "state", env.TOOLS / "cloud", env.HOME):
        folder.mkdir(parents=True, exist_ok=True)
    if not env.PASSPHRASE.exists():
        write(env.PASSPHRASE, "", mode=0o600)
        env.PASSPHRASE.write_text(secrets.token_urlsafe(24))
    write(env.ENV_FILE, env.shell_script())


def simulated_aws() -> None:
    """The provider plugins, and the tables they check inputs against."""
    versions = provider_plugins()
    sources = sorted(path for path in (env.PROJECT / "rehearsal" / "cloud").rglob("*") if path.suffix in TABLE_SOURCES)

    def derive() -> None:
        say("deriving the simulated AWS from the SDK and the CloudFormation schemas (about half a minute)")
        run(
            [str(env.VENV / "bin" / "python"), "-m", "rehearsal.cloud", "tables"],
            cwd=env.PROJECT,
            environment=env.environment(),
            next_step="correct what the message above names in rehearsal/cloud, then run `make setup` again",
        )

    unless_current(env.HOME / "plugins", fingerprint(env.PROJECT / "constraints.txt", *sources), derive)
    say("simulated providers: " + ", ".join(f"{name} {version}" for name, version in versions.items()))


def main() -> int:
    """Set everything up; 1 with the next step if that fails."""
    if sys.version_info < PYTHON_MINIMUM:
        say(f"Python {sys.version.split()[0]} is too old")
        say("Next step: install Python 3.11 or newer and run `make setup PYTHON=python3.11`")
        return 1
    started = time.monotonic()
    try:
        python_packages()
        cli.install()
        linting.install()
        engine_environment()
        simulated_aws()
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; `make setup` goes on where it stopped")
        return 130
    say(f"ready in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
