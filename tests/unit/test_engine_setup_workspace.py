"""A rehearsal works in a copy of the project: the engine never writes into the project's own files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rehearsal.engine.language_host import user_traceback
from rehearsal.stack.workspace import Workspace, merge


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    program = tmp_path / "program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (program / "Pulumi.dev.yaml").write_text(
        "secretsprovider: awskms://alias/shop\nencryptedkey: abc\nconfig:\n  shop:web: {min: 1, max: 2}\n"
    )
    made = Workspace(tmp_path / "rehearsal", program)
    made.prepare()
    return made


def stack_file(workspace: Workspace) -> dict:
    return yaml.safe_load((workspace.project / "Pulumi.dev.yaml").read_text())


def test_the_copy_runs_the_projects_own_program(workspace: Workspace) -> None:
    project = yaml.safe_load((workspace.project / "Pulumi.yaml").read_text())
    assert project["name"] == "shop"
    assert project["main"] == str(workspace.program)


def test_the_stacks_own_secrets_provider_stays_out_of_a_rehearsal(workspace: Workspace) -> None:
    workspace.configure("dev")
    assert stack_file(workspace) == {"config": {"shop:web": {"min": 1, "max": 2}}}


def test_a_change_keeps_the_keys_it_does_not_name_and_the_project_its_file(workspace: Workspace) -> None:
    before = (workspace.program / "Pulumi.dev.yaml").read_text()
    workspace.configure("dev", {"shop:web": {"max": 3}, "shop:phase": "closing"})
    assert stack_file(workspace)["config"] == {"shop:web": {"min": 1, "max": 3}, "shop:phase": "closing"}
    assert (workspace.program / "Pulumi.dev.yaml").read_text() == before


def test_a_changed_copy_keeps_the_salt_that_its_state_was_encrypted_with(workspace: Workspace) -> None:
    workspace.configure("dev")
    with (workspace.project / "Pulumi.dev.yaml").open("a") as file:
        file.write("encryptionsalt: v1:salt\n")
    workspace.configure("dev", {"shop:web": {"max": 3}})
    assert stack_file(workspace)["encryptionsalt"] == "v1:salt"


def test_merging_replaces_lists_and_values_and_leaves_its_arguments_alone() -> None:
    base = {"a": {"b": [1], "c": 1}, "d": 1}
    assert merge(base, {"a": {"b": [2]}, "d": {"e": 1}}) == {"a": {"b": [2], "c": 1}, "d": {"e": 1}}
    assert base == {"a": {"b": [1], "c": 1}, "d": 1}


def test_a_traceback_starts_at_the_programs_own_first_line(tmp_path: Path) -> None:
    program = tmp_path / "__main__.py"
    program.write_text("raise ValueError('boom')\n")
    with pytest.raises(ValueError, match="boom") as caught:
        exec(compile(program.read_text(), str(program), "exec"))  # noqa: S102
    shown = user_traceback(caught.value, tmp_path)
    assert shown.splitlines()[1].strip().startswith(f'File "{program}"')
    assert shown.endswith("ValueError: boom")
    assert __file__ not in shown
