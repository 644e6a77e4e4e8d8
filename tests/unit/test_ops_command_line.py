"""The command line: which modules a command imports, its help, and how errors are shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops import __main__ as command_line
from ops.errors import OperatorError
from ops.plan import PROJECT

SLOW = ("boto3", "botocore", "pulumi", "pydantic")
IMPORTED = f"""
import sys
from ops.__main__ import app
try:
    app(sys.argv[1:])
finally:
    print(*[name for name in {SLOW} if name in sys.modules], *[name for name in sys.modules if name.endswith(".command")])
"""


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_the_help_lists_every_command_and_imports_none():
    done = run_python("-c", IMPORTED, "--help")
    *help_text, imported = done.stdout.splitlines()
    assert imported == ""
    listed = {line.split()[1] for line in help_text if line.startswith("│ ")}
    assert command_line.COMMANDS.keys() <= listed
    assert all(f" {command.panel} " in done.stdout for command in command_line.COMMANDS.values())


def test_a_command_imports_its_own_module_only():
    done = run_python("-c", IMPORTED, "plan", "--help")
    assert done.stdout.splitlines()[-1].split()[-1] == "ops.plan.command"
    assert "boto3" not in done.stdout


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_every_command_shows_its_help(name: str):
    done = CliRunner().invoke(command_line.app, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert f" {name} " in done.output


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_the_list_of_commands_fits_on_one_line_each(name: str):
    assert len(command_line.COMMANDS[name].help) <= 80 - len("│ replay-splunk   │")


def test_an_unknown_command_is_a_usage_error():
    assert CliRunner().invoke(command_line.app, ["destroy"]).exit_code == 2


def run_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> SystemExit:
    def fail() -> None:
        raise error

    monkeypatch.setattr(command_line, "app", fail)
    with pytest.raises(SystemExit) as ended:
        command_line.run()
    return ended.value


def test_an_error_of_the_operator_is_a_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert run_with(OperatorError("set it to 3"), monkeypatch).code == 1
    assert capsys.readouterr().err == "set it to 3\n"


def test_a_missing_package_names_the_next_step(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert run_with(ModuleNotFoundError("no", name="pulumi_aws.ec2"), monkeypatch).code == 1
    assert "the Python package pulumi_aws is not installed here: run `make setup`" in capsys.readouterr().err


def test_a_missing_module_of_the_project_is_a_traceback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command_line, "app", lambda: command_line.load_command("gone"))
    monkeypatch.setitem(command_line.COMMANDS, "gone", command_line.Command("ops.gone", "gone", "", ""))
    with pytest.raises(ModuleNotFoundError):
        command_line.run()


def test_without_any_package_the_next_step_is_named(tmp_path: Path):
    done = run_python("-S", "-m", "ops", "--help")
    assert done.returncode == 1
    assert done.stderr.startswith("the Python package typer is not installed here: run `make setup`")
    assert "Traceback" not in done.stderr
