"""Sets everything up on a fresh machine: `python3 -m rehearsal.engine.setup`, which is what `make setup` calls.

Steps whose result is current are skipped, so that it can run before every command. Every failure names the next step.
Standard library only, Python 3.11 or newer.
"""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path

from awsmodel.paths import SOURCES, TABLES
from rehearsal import environment as env
from rehearsal.engine import cli, linting
from rehearsal.engine.launchers import provider_plugins
from rehearsal.engine.tasks import SetupError, fingerprint, run, run_unless_current, say, write
from rehearsal.lock import exclusive
from rehearsal.remedies import find_remedy

PYTHON_MINIMUM = (3, 11)
REQUIREMENTS = ("constraints.txt", "requirements.txt", "requirements-dev.txt")


def python_packages() -> None:
    """Create `.venv` with every pinned package: again for another interpreter or folder, updated for other pins."""
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

    if is_moved(env.VENV):
        say(f"{env.VENV} was created in another folder: creating it again")
        python.unlink(missing_ok=True)
        (env.VENV / "lib.mark").unlink(missing_ok=True)
    pins = [env.PROJECT / name for name in REQUIREMENTS]
    run_unless_current(python, sys.version, create)
    fresh = run_unless_current(env.VENV / "lib", fingerprint(sys.version, *pins), install)
    say(f"Python: {sys.version.split()[0]}, packages in .venv {'installed' if fresh else 'current'}")


def is_moved(venv: Path) -> bool:
    """Whether a virtual environment was copied or moved: its scripts still start the Python of the old one."""
    pip = venv / "bin" / "pip"
    return pip.exists() and str(venv.resolve()) not in pip.read_text()


def engine_environment() -> None:
    """Create the state folders and the passphrase."""
    for folder in (env.TOOLS / "state", env.TOOLS / "cloud", env.HOME):
        folder.mkdir(parents=True, exist_ok=True)
    if not env.PASSPHRASE.exists():
        write(env.PASSPHRASE, "", mode=0o600)
        env.PASSPHRASE.write_text(secrets.token_urlsafe(24))


def simulated_aws() -> None:
    """Install the provider plugins, and derive the tables against which they check inputs."""
    versions = provider_plugins()

    def derive() -> None:
        say("deriving the simulated AWS from the SDK and the CloudFormation schemas (about half a minute)")
        run(
            [str(env.VENV / "bin" / "python"), "-m", "awsmodel"],
            cwd=env.PROJECT,
            environment=env.environment(),
            next_step="correct what the message above names in awsmodel, then run `make setup` again",
        )

    run_unless_current(TABLES, fingerprint(env.PROJECT / "constraints.txt", *SOURCES), derive)
    say("simulated providers: " + ", ".join(f"{name} {version}" for name, version in versions.items()))


STEPS = (python_packages, cli.install, linting.install, engine_environment, simulated_aws)


def main() -> int:
    """Set everything up; 1 with the next step if that fails."""
    if sys.version_info < PYTHON_MINIMUM:
        say(f"Python {sys.version.split()[0]} is too old")
        say("Next step: install Python 3.11 or newer and run `make setup PYTHON=python3.11`")
        return 1
    started = time.monotonic()
    try:
        with exclusive(env.TOOLS / "setup.lock", "A set-up", on_wait=say):
            for step in STEPS:
                step()
    except SetupError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error.filename or 'a file'}: {error.strerror or error}")
        say(f"Next step: {find_remedy(error) or 'correct this, then run `make setup` again'}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; `make setup` continues where it stopped")
        return 130
    say(f"ready in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
