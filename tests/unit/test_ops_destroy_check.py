"""A stack is destroyed only when its study is named, archived, and checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops.plan.resources import PlanError
from ops.study import destroy_check
from tests.stack_files import FIXTURES


@pytest.fixture
def archived(tmp_path: Path) -> Path:
    """The project's settings, with prod archived."""
    for path in FIXTURES.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    with (tmp_path / "Pulumi.prod.yaml").open("a") as file:
        file.write("  image-store:phase: archived\n")
    return tmp_path


def script(path: Path, text: str) -> tuple[str, str]:
    path.write_text(text)
    return ("sh", str(path))


def test_an_archived_study_that_is_named_may_go(archived: Path):
    assert destroy_check.settings_blockers("prod", "octank", archived) == []


def test_another_study_may_not(archived: Path):
    assert len(destroy_check.settings_blockers("prod", "other", archived)) == 1
    assert "Pulumi.prod.yaml" in destroy_check.settings_blockers("prod", "", archived)[0]


def test_a_study_that_goes_on_may_not(archived: Path):
    [said] = destroy_check.settings_blockers("dev", "octank", archived)
    assert "the phase of dev is active" in said


def test_there_must_be_such_a_stack(archived: Path):
    with pytest.raises(PlanError, match="there is no stack 'prd'"):
        destroy_check.settings_blockers("prd", "octank", archived)


def test_nothing_goes_while_the_check_does_not_exist(tmp_path: Path):
    [said] = destroy_check.teardown_blockers("prod", script(tmp_path / "ops", "exit 2"))
    assert "does not exist in this version" in said


def test_what_the_check_says_is_passed_on(tmp_path: Path):
    ops = script(tmp_path / "ops", 'if [ "$2" = --check ]; then echo "12 images are nowhere else: $*"; exit 1; fi')
    assert destroy_check.teardown_blockers("prod", ops) == [
        "teardown --check:\n12 images are nowhere else: teardown --check --stack prod"
    ]


def test_a_check_that_passes_lets_it_go(tmp_path: Path):
    assert destroy_check.teardown_blockers("prod", script(tmp_path / "ops", "exit 0")) == []


def test_the_command_refuses_the_stacks_as_they_are(capsys: pytest.CaptureFixture[str]):
    assert destroy_check.main(["--stack", "prod", "--study", "octank"]) == 1
    assert "not destroyed: the phase of prod is active" in capsys.readouterr().err
    assert destroy_check.main(["--stack", "prd", "--study", "octank"]) == 1
