"""The language host runs a program for the real engine, and reports its errors once, like the official one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.operations import EngineError, Result

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PROGRAM = "import sys\nimport pulumi\n"


def rehearse(folder: Path, program: str, config: str = "{}") -> Result:
    source = folder / "program"
    source.mkdir()
    (source / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (source / "Pulumi.dev.yaml").write_text(f"config: {config}\n")
    (source / "helper.py").write_text("ANSWER = 42\n")
    (source / "__main__.py").write_text(PROGRAM + program)
    rehearsal = Rehearsal(folder=folder / "run", program=source).start_over()
    result = rehearsal.up(check=False)
    if not result.exit_code:
        (folder / "outputs").write_text(str(rehearsal.outputs()))
    return result


def test_a_program_reads_its_configuration_and_its_own_modules(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from helper import ANSWER
pulumi.export("seen", [ANSWER, pulumi.Config().require_object("web")["max"], Path("helper.py").exists()])
pulumi.export("hidden", pulumi.Output.secret("value"))
"""
    result = rehearse(tmp_path, program, "{shop:web: {max: 3}}")
    assert result.exit_code == 0, result.message
    assert (tmp_path / "outputs").read_text() == "{'hidden': '[secret]', 'seen': [42, 3, True]}"
    assert '"value"' not in "".join(path.read_text() for path in (tmp_path / "run" / "state").rglob("*.json"))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ('raise pulumi.RunError("web.max: 0 is too small")', "web.max: 0 is too small"),
        ('sys.exit("web.max: 0 is too small")', "web.max: 0 is too small"),
        ('pulumi.Config().require("size")', "Missing required configuration variable 'shop:size'"),
    ],
)
def test_a_mistake_of_the_user_is_reported_once_without_a_traceback(tmp_path: Path, program: str, message: str) -> None:
    result = rehearse(tmp_path, program)
    assert result.exit_code == 1
    assert result.message.count(message) == 1
    assert len(result.diagnostics) == 1, "the engine must not add an error of its own"
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "program", ["def fail(): return 1 / 0\nfail()", "pulumi.Output.from_input(0).apply(lambda value: 1 / value)"]
)
def test_a_mistake_of_the_program_shows_its_own_lines_only(tmp_path: Path, program: str) -> None:
    result = rehearse(tmp_path, program)
    assert result.exit_code == 1
    assert result.message.count("ZeroDivisionError") == 1
    assert str(tmp_path / "program" / "__main__.py") in result.message
    assert "runpy" not in result.message
    assert "pulumi/runtime" not in result.message


def test_the_output_of_a_failed_program_is_shown(tmp_path: Path) -> None:
    result = rehearse(tmp_path, 'print("settings are wrong")\nsys.exit(1)')
    assert result.exit_code == 1
    assert "settings are wrong" in result.output
    assert "Traceback" not in result.output


def test_a_failure_of_the_engine_raises_its_message(tmp_path: Path) -> None:
    rehearse(tmp_path, 'raise pulumi.RunError("no such zone")')
    rehearsal = Rehearsal(folder=tmp_path / "run", program=tmp_path / "program")
    with pytest.raises(EngineError, match="no such zone"):
        rehearsal.preview()
