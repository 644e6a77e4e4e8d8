"""Which package imports which: the rehearsal's own packages form no cycle, and `awsmodel` is below it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from rehearsal.environment import PROJECT

OURS = ("awsmodel", "bench", "components", "dataplane", "functions", "layout", "ops", "policy", "rehearsal", "settings")
STANDARD_LIBRARY_ONLY = [
    "awsmodel/__init__.py",
    "awsmodel/paths.py",
    "rehearsal/__init__.py",
    "rehearsal/__main__.py",
    "rehearsal/environment.py",
    "rehearsal/lock.py",
    "rehearsal/remedies.py",
    *(f"rehearsal/engine/{name}.py" for name in ("__init__", "cli", "launchers", "linting", "setup", "tasks")),
]
MAX_MODULES = 12


def imports_of(path: Path) -> Iterator[str]:
    """Modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(folder: str) -> list[Path]:
    return sorted((PROJECT / folder).rglob("*.py"))


def packages_used(folder: str) -> set[str]:
    return {name.partition(".")[0] for path in files(folder) for name in imports_of(path)} & set(OURS)


def package(path: Path) -> str:
    """The package of a file; a module beside the packages counts for itself."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:2])


def test_the_arrows_point_down() -> None:
    assert packages_used("awsmodel") <= {"awsmodel", "layout"}
    assert packages_used("rehearsal") <= {"rehearsal", "awsmodel", "functions", "layout"}
    assert "rehearsal" not in packages_used("ops")


def test_the_packages_of_the_rehearsal_form_no_cycle() -> None:
    modules = {package(path) for path in files("rehearsal")}
    graph: dict[str, set[str]] = {}
    for path in files("rehearsal"):
        used = {".".join(name.split(".")[:2]) for name in imports_of(path)}
        graph.setdefault(package(path), set()).update((used & modules) - {package(path)})
    assert list(TopologicalSorter(graph).static_order())


def test_no_module_of_the_rehearsal_is_in_a_cycle() -> None:
    modules = {".".join(path.relative_to(PROJECT).with_suffix("").parts): path for path in files("rehearsal")}
    graph = {name: (set(imports_of(path)) & modules.keys()) - {name} for name, path in modules.items()}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("folder", ["awsmodel", "rehearsal"])
def test_packages_are_small(folder: str) -> None:
    for parent in {path.parent for path in files(folder)}:
        assert len(list(parent.glob("*.py"))) <= MAX_MODULES, parent


@pytest.mark.parametrize("name", STANDARD_LIBRARY_ONLY)
def test_set_up_imports_nothing_that_it_installs(name: str) -> None:
    used = {found.partition(".")[0] for found in imports_of(PROJECT / name)}
    assert used <= {*sys.stdlib_module_names, "rehearsal", "awsmodel"}
