"""Set-up runs each step once, and names the next step when one fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import environment as env
from rehearsal.engine import cli, setup
from rehearsal.engine.launchers import launcher, package_versions
from rehearsal.engine.tasks import SetupError, fingerprint, run, run_unless_current


def test_a_step_runs_again_only_when_what_it_depends_on_changes(tmp_path: Path) -> None:
    result, done = tmp_path / "made", []

    def make() -> None:
        done.append(1)
        result.touch()

    pins = tmp_path / "pins"
    pins.write_text("a==1")
    assert run_unless_current(result, fingerprint(pins), make)
    assert not run_unless_current(result, fingerprint(pins), make)
    pins.write_text("a==2")
    assert run_unless_current(result, fingerprint(pins), make)
    assert len(done) == 2


def test_a_step_runs_again_when_its_result_was_removed(tmp_path: Path) -> None:
    result = tmp_path / "made"
    run_unless_current(result, "mark", result.touch)
    result.unlink()
    assert run_unless_current(result, "mark", result.touch)


def test_a_step_that_failed_is_not_taken_for_done(tmp_path: Path) -> None:
    result = tmp_path / "made"
    run_unless_current(result, "old", result.touch)

    def fail() -> None:
        raise SetupError("no network", next_step="connect")

    with pytest.raises(SetupError):
        run_unless_current(result, "new", fail)
    assert run_unless_current(result, "old", result.touch), "what the failed attempt left behind must not count as done"


def test_a_failing_command_shows_its_last_lines_and_the_next_step() -> None:
    command = [sys.executable, "-c", "import sys; print('no space left'); sys.exit(3)"]
    with pytest.raises(SetupError, match=r"(?s)no space left.*Next step: free some space"):
        run(command, next_step="free some space")


def test_a_missing_command_is_a_setup_error_too() -> None:
    with pytest.raises(SetupError, match="Next step: install it"):
        run(["/nonexistent/tool"], next_step="install it")


def test_the_cli_and_the_python_sdk_are_pinned_to_one_version() -> None:
    pins = (env.PROJECT / "requirements.txt").read_text().splitlines()
    assert f"pulumi=={cli.pinned_version(cli.PACKAGE).removeprefix('v')}" in pins


def test_a_plugin_carries_the_version_that_its_sdk_asks_for() -> None:
    pins = (env.PROJECT / "requirements.txt").read_text().splitlines()
    assert {f"pulumi-{name}=={version}" for name, version in package_versions().items()} <= set(pins)


def test_a_launcher_runs_its_module_from_any_folder(tmp_path: Path) -> None:
    path = tmp_path / "bin" / "tool"
    launcher(path, "json.tool", "--compact")
    printed = subprocess.run([path], input='{"a": 1}', cwd="/", capture_output=True, text=True, check=True).stdout
    assert printed.strip() == '{"a":1}'


def test_a_launcher_runs_the_checkout_that_it_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old", tmp_path / "it's new"
    monkeypatch.setattr(env, "PROJECT", old)
    launcher(old / ".rehearsal" / "bin" / "tool", "shop")
    for checkout in (old, new):
        (checkout / ".venv").mkdir(parents=True)
        (checkout / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        (checkout / "shop.py").write_text("print(__file__)")
    (old / ".rehearsal").rename(new / ".rehearsal")
    printed = subprocess.run([new / ".rehearsal" / "bin" / "tool"], cwd="/", capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == str(new / "shop.py")


def test_a_virtual_environment_of_another_folder_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    pip = tmp_path / "bin" / "pip"
    assert not setup.is_moved(tmp_path), "there is none yet"
    pip.write_text(f"#!{tmp_path}/bin/python\n")
    assert not setup.is_moved(tmp_path)
    pip.write_text("#!/elsewhere/.venv/bin/python\n")
    assert setup.is_moved(tmp_path)
