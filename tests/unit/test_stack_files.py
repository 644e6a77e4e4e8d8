"""A deployable stack is tested by itself once it differs from the fixture of its name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import stack_files
from tests.stack_files import FIXTURES, deployable_stacks


@pytest.fixture
def deployable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in FIXTURES.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(stack_files, "DEPLOYABLE", tmp_path)
    return tmp_path


def test_a_copy_of_a_fixture_has_the_same_plan(deployable: Path):
    assert deployable_stacks() == []


def test_any_difference_counts(deployable: Path):
    path = deployable / "Pulumi.prod.yaml"
    path.write_text(path.read_text().replace("max: 12", "max: 11"))
    shutil.copy(deployable / "Pulumi.dev.yaml", deployable / "Pulumi.staging.yaml")
    assert deployable_stacks() == ["prod", "staging"]


def test_the_content_of_metadata_counts_and_its_path_does_not(deployable: Path):
    path, sample = deployable / "Pulumi.prod.yaml", FIXTURES / "saml" / "sign-in.xml"
    metadata = deployable / "metadata.xml"
    shutil.copy(sample, metadata)
    path.write_text(path.read_text().replace("tests/stacks/saml/sign-in.xml", str(metadata)))
    assert deployable_stacks() == []
    metadata.write_text(f"{sample.read_text()}<!-- another -->")
    assert deployable_stacks() == ["prod"]
