"""Contracts of imports over every Python file of the project, and for each a source that it refuses."""

from __future__ import annotations

import subprocess

import pytest

from ops.plan.configuration import PROJECT
from tests.unit.contracts import imports


@pytest.fixture(scope="module")
def sources() -> imports.Sources:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = {path: PROJECT / path for path in listed}
    return {path: file.read_text(encoding="utf-8") for path, file in files.items() if file.exists()}


def test_imports_point_down(sources: imports.Sources):
    assert imports.forbidden_imports(sources) == set()


def test_every_package_has_its_place(sources: imports.Sources):
    assert imports.unknown_packages(sources) == set()


def test_packages_of_components_are_in_order(sources: imports.Sources):
    assert imports.upward_components(sources) == set()


def test_packages_are_small(sources: imports.Sources):
    assert imports.large_packages(sources) == {}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("layout/naming.py", "import settings"),
        ("layout/naming.py", "from pathlib import Path\nfrom settings.models import Network"),
        ("settings/load.py", "def late():\n    from components.core import keys"),
        ("components/core/keys.py", "from ops.plan import plan"),
        ("components/core/keys.py", "from ..network import vpn\nfrom rehearsal import driver"),
        ("policy/hipaa/rule.py", "import layout.naming as naming"),
        ("ops/plan/program.py", "from rehearsal.cloud import tables"),
        ("bench/k6.py", "from tests.conftest import Plans"),
        ("dataplane/web.py", "from hipaa import pack"),
        ("functions/package.py", "from settings import Settings"),
        ("__main__.py", "from ops import plan"),
    ],
)
def test_an_import_that_points_up_or_sideways_is_noticed(path: str, text: str):
    assert imports.forbidden_imports({path: text}) != set()


def test_an_import_that_points_down_or_out_is_none():
    text = "import json\nimport pulumi\nfrom . import logs\nfrom .. import core\nfrom layout.naming import Names"
    assert imports.forbidden_imports({"components/core/keys.py": text, "tests/unit/x.py": "import bench.k6"}) == set()


def test_a_package_without_a_place_is_noticed():
    assert imports.unknown_packages({"helpers/x.py": "", "setup.py": "", "__main__.py": ""}) == {"helpers", "setup"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("components/core/keys.py", "from components.closing.outputs import Outputs"),
        ("components/data/bucket.py", "import components.edge.waf"),
        ("components/network/vpn.py", "from ..data import bucket"),
        ("components/edge/edge.py", "def late():\n    from components import safeguards"),
    ],
)
def test_a_component_that_imports_a_later_package_is_noticed(path: str, text: str):
    assert imports.upward_components({path: text}) != set()


def test_a_component_may_import_earlier_packages_and_its_own():
    text = "from components.core import keys\nfrom components.data import bucket\nfrom . import database"
    assert imports.upward_components({"components/data/storage.py": text}) == set()


def test_a_large_package_is_noticed():
    paths = [f"ops/cost/module_{number}.py" for number in range(12)]
    assert imports.large_packages([*paths, "ops/cost/__init__.py", *(f"tests/{path}" for path in paths)]) == {}
    assert imports.large_packages([*paths, "ops/cost/one_more.py"]) == {"ops/cost": 13}
