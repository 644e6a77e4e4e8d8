"""Workflows go through the stacks that have a file, and through no name that a script could take for something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.plan import configuration, load_settings
from ops.review import stacks
from tests.stack_files import DEPLOYABLE, FIXTURES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in {"prod": "phi", "dev": "synthetic", "a-copy": "'synthetic'"}.items():
        (tmp_path / f"Pulumi.{name}.yaml").write_text(f"config:\n  image-store:study:\n    data: {data} # of all\n")
    (tmp_path / "Pulumi.silent.yaml").write_text("config: {}  # data: synthetic\n")
    (tmp_path / "Pulumi.flow.yaml").write_text("config:\n  image-store:study: {id: x, data: synthetic}\n")
    (tmp_path / "Pulumi.yaml").write_text("name: image-store\n")
    return tmp_path


def test_stacks_are_listed_by_their_data(folder: Path):
    assert stacks.outputs(folder) == {
        "names": ["a-copy", "dev", "flow", "prod", "silent"],
        "synthetic": ["a-copy", "dev", "flow"],
        "patients": ["prod", "silent"],
    }


@pytest.mark.parametrize("folder", [FIXTURES, DEPLOYABLE], ids=["fixtures", "deployable"])
def test_the_settings_say_the_same(folder: Path):
    for name in stacks.names(folder):
        kind = load_settings(name, folder=folder).study.data
        assert (name in stacks.outputs(folder)["synthetic"]) is (kind == "synthetic"), configuration(
            name, folder=folder
        )


def test_a_stack_without_a_file_is_refused(folder: Path):
    assert stacks.outputs(folder, only="dev")["names"] == stacks.names(folder)
    with pytest.raises(stacks.StackNameError, match=r"Pulumi\.live\.yaml is missing. There are: a-copy, dev"):
        stacks.outputs(folder, only="live")


@pytest.mark.parametrize("name", ["Dev", "a b", "x;y", "$(id)", "-x", "x" * 40])
def test_a_name_that_is_more_than_a_name_is_refused(folder: Path, name: str):
    (folder / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    with pytest.raises(stacks.StackNameError, match="lowercase letters"):
        stacks.names(folder)


def test_the_command_prints_outputs_or_an_error(capsys: pytest.CaptureFixture[str]):
    assert stacks.main([]) == 0
    assert [line.partition("=")[0] for line in capsys.readouterr().out.splitlines()] == [
        "names",
        "synthetic",
        "patients",
    ]
    assert stacks.main(["--only", "no-such-stack"]) == 1
    assert capsys.readouterr().err.startswith("::error::there is no stack 'no-such-stack'")
