"""Contracts over the program's source, and for each a source that it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.plan.configuration import PROJECT, stacks
from tests.unit.contracts import source

PROGRAM = [*sorted(PROJECT.glob("components/**/*.py")), PROJECT / "__main__.py"]
FOLDERS = ("bench", "components", "dataplane", "functions", "images", "ops", "policy", "rehearsal", "settings", "tests")
MODULES = [PROJECT / "__main__.py", *(path for folder in FOLDERS for path in sorted(PROJECT.glob(f"{folder}/**/*.py")))]


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("path", PROGRAM, ids=name)
def test_environments_differ_in_data_alone(path: Path):
    assert source.environment_decisions(name(path), path.read_text(encoding="utf-8"), stacks()) == []


@pytest.mark.parametrize("path", PROGRAM, ids=name)
def test_the_program_never_calls_aws(path: Path):
    assert source.aws_clients(name(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_are_short(path: Path):
    assert source.long_module(name(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pulumi\nzones = 2 if pulumi.get_stack() == 'prod' else 1",
        "from pulumi import get_stack\nstack = get_stack()",
        "if scope.names.environment.startswith('p'): zones = 2",
        "zones = 2 if names.environment == 'prod' else 1",
        "while settings.environment: pass",
        "match names.environment:\n    case 'prod':\n        zones = 2",
        "match kind:\n    case 'dev':\n        zones = 1",
        "zones = {'dev': 1, 'prod': 2}[environment]",
        "production = 'prod' in names.prefix",
    ],
)
def test_a_decision_by_stack_is_noticed(text: str):
    assert source.environment_decisions("x.py", text, ["dev", "prod"]) != []


def test_a_name_may_carry_the_environment():
    text = "tags = {'env': self.environment}\nprefix = f'{self.study}-{self.environment}'\nif self.protected: pass"
    assert source.environment_decisions("x.py", text, ["dev", "prod"]) == []


@pytest.mark.parametrize("text", ["import boto3", "import botocore.session as session", "from boto3.session import X"])
def test_an_aws_client_is_noticed(text: str):
    assert source.aws_clients("x.py", text) != []


def test_what_only_looks_like_an_aws_client_is_none():
    assert source.aws_clients("x.py", "from . import boto3_like\nimport pulumi_aws") == []


def test_a_long_module_is_noticed():
    assert source.long_module("x.py", "pass\n" * 300) == []
    assert source.long_module("x.py", "pass\n" * 301) == ["x.py: 301 lines, more than 300"]
