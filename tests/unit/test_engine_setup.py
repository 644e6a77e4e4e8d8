"""Set-up does each step once, names the next step when one fails, and keeps to its own folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import environment as env
from rehearsal.engine import cli
from rehearsal.engine.launchers import launcher, package_versions
from rehearsal.engine.tasks import SetupError, fingerprint, run, unless_current, write


def executable(path: Path, script: str) -> Path:
    write(path, f"#!/bin/sh\n{script}\n", mode=0o755)
    return path


def test_a_step_runs_again_only_when_what_it_depends_on_changes(tmp_path: Path) -> None:
    result, done = tmp_path / "made", []

    def make() -> None:
        done.append(1)
        result.touch()

    pins = tmp_path / "pins"
    pins.write_text("a==1")
    assert unless_current(result, fingerprint(pins), make)
    assert not unless_current(result, fingerprint(pins), make)
    pins.write_text("a==2")
    assert unless_current(result, fingerprint(pins), make)
    assert len(done) == 2


def test_a_step_runs_again_when_its_result_was_removed(tmp_path: Path) -> None:
    result = tmp_path / "made"
    unless_current(result, "mark", result.touch)
    result.unlink()
    assert unless_current(result, "mark", result.touch)


def test_a_step_that_failed_is_not_taken_for_done(tmp_path: Path) -> None:
    result = tmp_path / "made"
    unless_current(result, "old", result.touch)

    def fail() -> None:
        raise SetupError("no network", next_step="connect")

    with pytest.raises(SetupError):
        unless_current(result, "new", fail)
    assert unless_current(result, "old", result.touch), "what the failed attempt left behind must not count as done"


def test_a_failing_command_shows_its_last_words_and_the_next_step() -> None:
    command = [sys.executable, "-c", "import sys; print('no space left'); sys.exit(3)"]
    with pytest.raises(SetupError, match=r"(?s)no space left.*Next step: free some space"):
        run(command, next_step="free some space")


def test_a_missing_command_is_a_setup_error_too() -> None:
    with pytest.raises(SetupError, match="Next step: install it"):
        run(["/nonexistent/tool"], next_step="install it")


def test_the_environment_hides_aws_credentials_and_the_users_own_pulumi(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.setenv(name, "from-the-user")
    seen = env.environment()
    assert "from-the-user" not in seen.values()
    assert seen["PULUMI_HOME"].startswith(str(env.TOOLS))
    assert seen["PULUMI_BACKEND_URL"].startswith(f"file://{env.TOOLS}")


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_gets_the_same_environment_as_the_driver(shell: str, tmp_path: Path) -> None:
    script = tmp_path / "env.sh"
    script.write_text(env.shell_script())
    user = {**os.environ, "AWS_PROFILE": "from-the-user", "PULUMI_BACKEND_URL": "from-the-user"}
    printed = subprocess.run(
        [shell, "-c", f". {script}; env"], env=user, capture_output=True, text=True, check=True
    ).stdout
    seen = dict(line.partition("=")[::2] for line in printed.splitlines())
    ours = {name: value for name, value in seen.items() if name.startswith(("AWS_", "PULUMI_", "IMAGE_STORE_"))}
    assert ours == {name: value for name, value in env.environment().items() if name in ours}
    assert ours.keys() >= {name for name in env.variables() if name.startswith(("PULUMI_", "IMAGE_STORE_"))}
    assert seen["PATH"].startswith(f"{env.BIN}:{env.VENV / 'bin'}:")


def test_the_official_bundle_is_the_cli_with_its_host_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, lone = tmp_path / "bundle", tmp_path / "lone"
    for name in env.BUNDLE:
        executable(bundle / name, "exit 0")
    executable(lone / "pulumi", "exit 0")
    monkeypatch.setenv("PATH", str(bundle))
    assert env.official_bundle() == bundle
    monkeypatch.setenv("PATH", str(lone))
    assert env.official_bundle() is None, "a CLI without a Python language host cannot run this program"


def test_the_cli_that_setup_built_is_not_taken_for_the_official_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env, "BIN", tmp_path)
    for name in env.BUNDLE:
        executable(tmp_path / name, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert env.official_bundle() is None


def test_go_on_path_is_used_when_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = executable(tmp_path / "go", "echo go1.99.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.toolchain() == (str(go), "Go 1.99.0 from PATH")


@pytest.mark.parametrize("printed", ["go1.20.1", "go1.25.10", "devel"])
def test_go_that_is_too_old_gives_way_to_the_wheel(
    printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "path" / "go", f"echo {printed}")
    wheel = executable(tmp_path / "tools" / "go" / "go" / "bin" / "go", "echo go1.26.6")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(env, "TOOLS", tmp_path / "tools")
    write(tmp_path / "tools" / "go.mark", cli.GO_WHEEL)
    assert cli.toolchain() == (str(wheel), f"Go 1.26.6 from {cli.GO_WHEEL}")


def test_a_wheel_without_a_go_that_runs_names_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(env, "TOOLS", tmp_path)
    (tmp_path / "go").mkdir()
    write(tmp_path / "go.mark", cli.GO_WHEEL)
    with pytest.raises(SetupError, match="Next step: install Go"):
        cli.toolchain()


def test_the_cli_and_the_python_sdk_are_pinned_to_one_version() -> None:
    pins = (env.PROJECT / "requirements.txt").read_text().splitlines()
    assert f"pulumi=={cli.pinned(cli.PACKAGE).removeprefix('v')}" in pins


def test_a_plugin_carries_the_version_that_its_sdk_asks_for() -> None:
    pins = (env.PROJECT / "requirements.txt").read_text().splitlines()
    assert {f"pulumi-{name}=={version}" for name, version in package_versions().items()} <= set(pins)


def test_a_launcher_runs_its_module_from_any_folder(tmp_path: Path) -> None:
    path = tmp_path / "bin" / "tool"
    launcher(path, "json.tool", "--compact")
    printed = subprocess.run([path], input='{"a": 1}', cwd="/", capture_output=True, text=True, check=True).stdout
    assert printed.strip() == '{"a":1}'
