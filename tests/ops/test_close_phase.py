"""Setting the phase changes nothing else in the stack's file, and going back is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops.plan import cli_yaml
from ops.study import phase
from ops.study.errors import StudyError
from tests.stack_files import FIXTURES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in FIXTURES.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_only_the_phase_changes_and_comments_are_kept(folder: Path, stack: str):
    path = folder / f"Pulumi.{stack}.yaml"
    before, text = cli_yaml.read(path), path.read_text()
    assert phase.set_phase(stack, "closing", folder)
    assert cli_yaml.read(path)["config"] == {**before["config"], "image-store:phase": "closing"}
    assert [line for line in path.read_text().splitlines() if "image-store:phase" not in line] == text.splitlines()
    assert phase.set_phase(stack, "archived", folder)
    assert phase.configured_phase(stack, folder) == "archived"
    assert path.read_text().count("image-store:phase") == 1


def test_setting_the_phase_again_does_not_write_the_file(folder: Path):
    phase.set_phase("dev", "closing", folder)
    before = (folder / "Pulumi.dev.yaml").stat().st_mtime_ns
    assert not phase.set_phase("dev", "closing", folder)
    assert (folder / "Pulumi.dev.yaml").stat().st_mtime_ns == before


def test_a_comment_behind_the_phase_is_kept(folder: Path):
    path = folder / "Pulumi.dev.yaml"
    path.write_text(path.read_text() + '  "image-store:phase": active  # until the data lock\n')
    phase.set_phase("dev", "closing", folder)
    assert path.read_text().endswith('  "image-store:phase": closing  # until the data lock\n')


@pytest.mark.parametrize("text", ["config: {image-store:environment: dev}\n", "{}\n"])
def test_a_file_with_an_unusual_format_is_not_changed(folder: Path, text: str):
    path = folder / "Pulumi.dev.yaml"
    path.write_text(text)
    with pytest.raises(StudyError, match="by hand"):
        phase.set_phase("dev", "closing", folder)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("deployed", "target", "reason"),
    [
        ("active", "closing", None),
        ("closing", "closing", None),
        ("closing", "archived", None),
        ("archived", "archived", None),
        ("active", "archived", "run `python -m ops close` first"),
        ("closing", "active", "--reopen"),
        ("archived", "active", "no way back"),
        ("archived", "closing", "no way back"),
    ],
)
def test_allowed_and_refused_steps(deployed: str, target: str, reason: str | None):
    found = phase.refusal(deployed, target)
    assert (found is None) if reason is None else reason in (found or "")


def test_a_closing_study_can_be_reopened_and_an_archived_one_cannot():
    assert phase.refusal("closing", "active", reopen=True) is None
    assert "no way back" in (phase.refusal("archived", "active", reopen=True) or "")
