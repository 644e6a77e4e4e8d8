"""Failures of the machine and of a second user: one line that names the next step, and no traceback."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from rehearsal import app as commands
from rehearsal import environment as env
from rehearsal.engine import setup
from rehearsal.engine.tasks import SetupError, run
from rehearsal.lock import LockedError, exclusive
from rehearsal.remedies import MOVE, OWN, SPACE, find_remedy

Rehearsal = commands.Rehearsal
HOLD = """
import sys
from pathlib import Path
from types import SimpleNamespace
from rehearsal.lock import exclusive
with exclusive(Path(sys.argv[1]), "A rehearsal of dev"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock `dev.lock`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "dev.lock")]
    with subprocess.Popen(
        command, cwd=env.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def rehearse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """`python -m rehearsal run`, which keeps its runs in `folder`."""
    monkeypatch.setattr(commands, "Rehearsal", lambda stack: Rehearsal(stack, folder=folder / stack))
    return CliRunner().invoke(commands.app, ["run"])


def test_a_second_rehearsal_stops_with_one_line_that_names_the_first(
    tmp_path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = rehearse(tmp_path, monkeypatch)
    assert done.exit_code == 1
    [line] = done.output.strip().splitlines()
    assert line.startswith(f"A rehearsal of dev is already running in this checkout: process {holder.pid}, started at ")
    assert list(tmp_path.iterdir()) == [tmp_path / "dev.lock"], "the files of the first are not touched"


def test_an_interrupted_rehearsal_ends_with_the_shells_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Rehearsal, "start_over", interrupt)
    assert rehearse(tmp_path, monkeypatch).exit_code == 130


def test_a_lock_is_free_once_its_process_was_killed(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(LockedError), exclusive(tmp_path / "dev.lock", "A rehearsal"):
        pass
    holder.kill()
    holder.wait()
    with exclusive(tmp_path / "dev.lock", "A rehearsal"):
        assert str(os.getpid()) in (tmp_path / "dev.lock").read_text()


def test_a_second_set_up_waits_for_the_first(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    messages: list[str] = []

    def end_the_first(message: str) -> None:
        messages.append(message)
        holder.kill()

    with exclusive(tmp_path / "dev.lock", "A set-up", on_wait=end_the_first):
        assert len(messages) == 1
        assert str(holder.pid) in messages[0]


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(errno.ENOSPC, SPACE), (errno.EDQUOT, SPACE), (errno.EROFS, MOVE), (errno.EACCES, OWN), (errno.ENOENT, None)],
)
def test_a_failure_of_the_machine_has_its_own_remedy(code: int, remedy: str | None) -> None:
    error = OSError(code, os.strerror(code), "/checkout/.venv")
    assert find_remedy(error) == remedy
    assert find_remedy(f"ERROR: Could not install packages: [Errno {code}] {os.strerror(code)}: '/x'") == remedy
    assert find_remedy(f"write /x: {os.strerror(code).lower()}") == remedy


def test_a_full_disk_is_not_blamed_on_the_network() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('write pulumi: no space left on device')"]
    with pytest.raises(SetupError, match="Next step: free at least 4 GB"):
        run(command, next_step="check the connection to the Go module proxy")


def test_a_command_that_hides_a_full_disk_has_the_remedy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    command = [sys.executable, "-c", "import sys; sys.exit('ensurepip returned non-zero exit status 1')"]
    with pytest.raises(SetupError, match="Next step: free at least 4 GB"):
        run(command, next_step="install Python's venv module")


@pytest.mark.parametrize(("code", "remedy"), [(errno.ENOSPC, SPACE), (errno.EROFS, MOVE)])
def test_set_up_names_the_file_and_the_remedy(
    code: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError(code, os.strerror(code), "/checkout/.rehearsal/bin")

    monkeypatch.setattr(env, "TOOLS", tmp_path)
    monkeypatch.setattr(setup, "STEPS", (fail,))
    assert setup.main() == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"setup: /checkout/.rehearsal/bin: {os.strerror(code)}", f"setup: Next step: {remedy}"]


@pytest.mark.parametrize(("code", "remedy"), [(errno.ENOSPC, SPACE), (errno.EROFS, MOVE)])
def test_a_rehearsal_names_the_file_and_the_remedy(
    code: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code), "/checkout/state")

    monkeypatch.setattr(Rehearsal, "start_over", fail)
    done = rehearse(tmp_path, monkeypatch)
    assert done.exit_code == 1
    assert done.output.splitlines() == [f"/checkout/state: {os.strerror(code)}", f"Next step: {remedy}"]


def test_an_engine_without_disk_space_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("pulumi stack init dev failed:\nerror: write state: no space left on device")

    monkeypatch.setattr(Rehearsal, "start_over", fail)
    done = rehearse(tmp_path, monkeypatch)
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == f"Next step: {SPACE}"


@pytest.mark.parametrize("words", [["run"], ["shell"], []])
def test_without_the_packages_it_names_the_next_step(words: list[str]) -> None:
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(env.PROJECT)!r})"]
    command[-1] += (
        f"; sys.argv = ['rehearsal', *{words}]; import runpy; runpy.run_module('rehearsal', run_name='__main__')"
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("This Python has no module ")
    assert second.startswith(f"Next step: run `make setup` in {env.PROJECT}")
